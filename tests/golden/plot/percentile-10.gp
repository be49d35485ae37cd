# Draws percentile-10.svg and percentile-10.png from percentile-10.dat. In this folder: gnuplot percentile-10.gp
data = 'percentile-10.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'percentile-10.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'percentile-10.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: distribution of the response time, the slow calls stretched" at screen 0.02250,0.95778 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, open loop (Poisson) at 500 /s, 1 connection, 8 trials of 20 s; less is better" at screen 0.02250,0.91778 left font ',17' textcolor rgb '#555555' noenhanced front
set lmargin at screen 0.07759
set rmargin at screen 0.65866
set tmargin at screen 0.88000
set bmargin at screen 0.09333
xunit = 1
yunit = 1
unset logscale
set logscale y
set xrange [-0:4.59] noextend
set yrange [5e-05:0.01] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0 %%" 0, "50 %%" 0.301029996, "90 %%" 1, "99 %%" 2, "99.9 %%" 3, "99.99 %%" 4)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("50 µs" 5e-05, "100 µs" 0.0001, "200 µs" 0.0002, "500 µs" 0.0005, "1 ms" 0.001, "2 ms" 0.002, "5 ms" 0.005, "10 ms" 0.01)
set label "share of calls that were at least as fast" at screen 0.36813,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "response time, log scale" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.65227,0.81052 to screen 0.65866,0.81052 nohead linewidth 1.0 linecolor rgb '#00446b' dashtype (1,3) front
set arrow from screen 0.65866,0.81052 to screen 0.67241,0.81052 nohead linewidth 1.0 linecolor rgb '#00446b' dashtype solid front
set arrow from screen 0.67491,0.81052 to screen 0.70241,0.81052 nohead linewidth 2.6 linecolor rgb '#00446b' dashtype (10,5) front
set label '' at screen 0.68866,0.81052 point pointtype 6 pointsize 1.3 linecolor rgb '#00446b' front
set label "http/forking/native" at screen 0.70866,0.81052 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.71464 to screen 0.65866,0.71464 nohead linewidth 1.0 linecolor rgb '#333333' dashtype (1,3) front
set arrow from screen 0.65866,0.71464 to screen 0.67241,0.73659 nohead linewidth 1.0 linecolor rgb '#333333' dashtype solid front
set arrow from screen 0.67491,0.73659 to screen 0.70241,0.73659 nohead linewidth 2.6 linecolor rgb '#333333' dashtype solid front
set label '' at screen 0.68866,0.73659 point pointtype 2 pointsize 1.3 linecolor rgb '#333333' front
set label "http/threaded/native" at screen 0.70866,0.73659 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.67165 to screen 0.65866,0.67165 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype (1,3) front
set arrow from screen 0.65866,0.67165 to screen 0.67241,0.70659 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype solid front
set arrow from screen 0.67491,0.70659 to screen 0.70241,0.70659 nohead linewidth 2.6 linecolor rgb '#cc79a7' dashtype solid front
set label '' at screen 0.68866,0.70659 point pointtype 11 pointsize 1.3 linecolor rgb '#cc79a7' front
set label "rpyc/forking/python" at screen 0.70866,0.70659 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.66676 to screen 0.65866,0.66676 nohead linewidth 1.0 linecolor rgb '#e69f00' dashtype (1,3) front
set arrow from screen 0.65866,0.66676 to screen 0.67241,0.67659 nohead linewidth 1.0 linecolor rgb '#e69f00' dashtype solid front
set arrow from screen 0.67491,0.67659 to screen 0.70241,0.67659 nohead linewidth 2.6 linecolor rgb '#e69f00' dashtype solid front
set label '' at screen 0.68866,0.67659 point pointtype 13 pointsize 1.3 linecolor rgb '#e69f00' front
set label "rpyc[call=cached]/threaded/python" at screen 0.70866,0.67659 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.66663 to screen 0.65866,0.66663 nohead linewidth 1.0 linecolor rgb '#00573f' dashtype (1,3) front
set arrow from screen 0.65866,0.66663 to screen 0.67241,0.64659 nohead linewidth 1.0 linecolor rgb '#00573f' dashtype solid front
set arrow from screen 0.67491,0.64659 to screen 0.70241,0.64659 nohead linewidth 2.6 linecolor rgb '#00573f' dashtype (10,5) front
set label '' at screen 0.68866,0.64659 point pointtype 8 pointsize 1.3 linecolor rgb '#00573f' front
set label "http/forking/python" at screen 0.70866,0.64659 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.62091 to screen 0.65866,0.62091 nohead linewidth 1.0 linecolor rgb '#8a3d00' dashtype (1,3) front
set arrow from screen 0.65866,0.62091 to screen 0.67241,0.61659 nohead linewidth 1.0 linecolor rgb '#8a3d00' dashtype solid front
set arrow from screen 0.67491,0.61659 to screen 0.70241,0.61659 nohead linewidth 2.6 linecolor rgb '#8a3d00' dashtype (10,5) front
set label '' at screen 0.68866,0.61659 point pointtype 4 pointsize 1.3 linecolor rgb '#8a3d00' front
set label "http/threaded/python" at screen 0.70866,0.61659 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.60283 to screen 0.65866,0.60283 nohead linewidth 1.0 linecolor rgb '#56b4e9' dashtype (1,3) front
set arrow from screen 0.65866,0.60283 to screen 0.67241,0.58659 nohead linewidth 1.0 linecolor rgb '#56b4e9' dashtype solid front
set arrow from screen 0.67491,0.58659 to screen 0.70241,0.58659 nohead linewidth 2.6 linecolor rgb '#56b4e9' dashtype solid front
set label '' at screen 0.68866,0.58659 point pointtype 1 pointsize 1.3 linecolor rgb '#56b4e9' front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.70866,0.58659 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.55664 to screen 0.65866,0.55664 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype (1,3) front
set arrow from screen 0.65866,0.55664 to screen 0.67241,0.55659 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype solid front
set arrow from screen 0.67491,0.55659 to screen 0.70241,0.55659 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.68866,0.55659 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/native" at screen 0.70866,0.55659 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.55269 to screen 0.65866,0.55269 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype (1,3) front
set arrow from screen 0.65866,0.55269 to screen 0.67241,0.52659 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype solid front
set arrow from screen 0.67491,0.52659 to screen 0.70241,0.52659 nohead linewidth 2.6 linecolor rgb '#d55e00' dashtype solid front
set label '' at screen 0.68866,0.52659 point pointtype 5 pointsize 1.3 linecolor rgb '#d55e00' front
set label "rpyc/forking/native" at screen 0.70866,0.52659 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.38263 to screen 0.65866,0.38263 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype (1,3) front
set arrow from screen 0.65866,0.38263 to screen 0.67241,0.38263 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype solid front
set arrow from screen 0.67491,0.38263 to screen 0.70241,0.38263 nohead linewidth 2.6 linecolor rgb '#009e73' dashtype solid front
set label '' at screen 0.68866,0.38263 point pointtype 9 pointsize 1.3 linecolor rgb '#009e73' front
set label "rpyc/threaded/python" at screen 0.70866,0.38263 left font ',19' textcolor rgb '#1a1a1a' noenhanced front

plot data index 0 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 7 pointsize 1.3 pointinterval 5 linecolor rgb '#0072b2' notitle, \
     data index 1 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 5 pointsize 1.3 pointinterval 5 linecolor rgb '#d55e00' notitle, \
     data index 2 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 9 pointsize 1.3 pointinterval 5 linecolor rgb '#009e73' notitle, \
     data index 3 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 11 pointsize 1.3 pointinterval 5 linecolor rgb '#cc79a7' notitle, \
     data index 4 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 13 pointsize 1.3 pointinterval 5 linecolor rgb '#e69f00' notitle, \
     data index 5 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 1 pointsize 1.3 pointinterval 5 linecolor rgb '#56b4e9' notitle, \
     data index 6 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 2 pointsize 1.3 pointinterval 5 linecolor rgb '#333333' notitle, \
     data index 7 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 6 pointsize 1.3 pointinterval 5 linecolor rgb '#00446b' notitle, \
     data index 8 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 4 pointsize 1.3 pointinterval 5 linecolor rgb '#8a3d00' notitle, \
     data index 9 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 8 pointsize 1.3 pointinterval 5 linecolor rgb '#00573f' notitle

unset output
pass = pass + 1
if (pass == 2) load 'percentile-10.gp'
