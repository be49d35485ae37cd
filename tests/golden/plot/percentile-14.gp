# Draws percentile-14.svg and percentile-14.png from percentile-14.dat. In this folder: gnuplot percentile-14.gp
data = 'percentile-14.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'percentile-14.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'percentile-14.png'

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
set yrange [1e-05:0.01] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0 %%" 0, "50 %%" 0.301029996, "90 %%" 1, "99 %%" 2, "99.9 %%" 3, "99.99 %%" 4)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("10 µs" 1e-05, "20 µs" 2e-05, "50 µs" 5e-05, "100 µs" 0.0001, "200 µs" 0.0002, "500 µs" 0.0005, "1 ms" 0.001, "2 ms" 0.002, "5 ms" 0.005, "10 ms" 0.01)
set label "share of calls that were at least as fast" at screen 0.36813,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "response time, log scale" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.65227,0.82670 to screen 0.65866,0.82670 nohead linewidth 1.0 linecolor rgb '#00446b' dashtype (1,3) front
set arrow from screen 0.65866,0.82670 to screen 0.67241,0.86035 nohead linewidth 1.0 linecolor rgb '#00446b' dashtype solid front
set arrow from screen 0.67491,0.86035 to screen 0.70241,0.86035 nohead linewidth 2.6 linecolor rgb '#00446b' dashtype (10,5) front
set label '' at screen 0.68866,0.86035 point pointtype 6 pointsize 1.3 linecolor rgb '#00446b' front
set label "http/forking/native" at screen 0.70866,0.86035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.77441 to screen 0.65866,0.77441 nohead linewidth 1.0 linecolor rgb '#27749f' dashtype (1,3) front
set arrow from screen 0.65866,0.77441 to screen 0.67241,0.83035 nohead linewidth 1.0 linecolor rgb '#27749f' dashtype solid front
set arrow from screen 0.67491,0.83035 to screen 0.70241,0.83035 nohead linewidth 2.6 linecolor rgb '#27749f' dashtype (10,5) front
set label '' at screen 0.68866,0.83035 point pointtype 3 pointsize 1.3 linecolor rgb '#27749f' front
set label "http[keepalive=off]/threaded/python" at screen 0.70866,0.83035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.75317 to screen 0.65866,0.75317 nohead linewidth 1.0 linecolor rgb '#333333' dashtype (1,3) front
set arrow from screen 0.65866,0.75317 to screen 0.67241,0.80035 nohead linewidth 1.0 linecolor rgb '#333333' dashtype solid front
set arrow from screen 0.67491,0.80035 to screen 0.70241,0.80035 nohead linewidth 2.6 linecolor rgb '#333333' dashtype solid front
set label '' at screen 0.68866,0.80035 point pointtype 2 pointsize 1.3 linecolor rgb '#333333' front
set label "http/threaded/native" at screen 0.70866,0.80035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.72019 to screen 0.65866,0.72019 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype (1,3) front
set arrow from screen 0.65866,0.72019 to screen 0.67241,0.77035 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype solid front
set arrow from screen 0.67491,0.77035 to screen 0.70241,0.77035 nohead linewidth 2.6 linecolor rgb '#cc79a7' dashtype solid front
set label '' at screen 0.68866,0.77035 point pointtype 11 pointsize 1.3 linecolor rgb '#cc79a7' front
set label "rpyc/forking/python" at screen 0.70866,0.77035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.71644 to screen 0.65866,0.71644 nohead linewidth 1.0 linecolor rgb '#e69f00' dashtype (1,3) front
set arrow from screen 0.65866,0.71644 to screen 0.67241,0.74035 nohead linewidth 1.0 linecolor rgb '#e69f00' dashtype solid front
set arrow from screen 0.67491,0.74035 to screen 0.70241,0.74035 nohead linewidth 2.6 linecolor rgb '#e69f00' dashtype solid front
set label '' at screen 0.68866,0.74035 point pointtype 13 pointsize 1.3 linecolor rgb '#e69f00' front
set label "rpyc[call=cached]/threaded/python" at screen 0.70866,0.74035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.71634 to screen 0.65866,0.71634 nohead linewidth 1.0 linecolor rgb '#00573f' dashtype (1,3) front
set arrow from screen 0.65866,0.71634 to screen 0.67241,0.71035 nohead linewidth 1.0 linecolor rgb '#00573f' dashtype solid front
set arrow from screen 0.67491,0.71035 to screen 0.70241,0.71035 nohead linewidth 2.6 linecolor rgb '#00573f' dashtype (10,5) front
set label '' at screen 0.68866,0.71035 point pointtype 8 pointsize 1.3 linecolor rgb '#00573f' front
set label "http/forking/python" at screen 0.70866,0.71035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.68127 to screen 0.65866,0.68127 nohead linewidth 1.0 linecolor rgb '#8a3d00' dashtype (1,3) front
set arrow from screen 0.65866,0.68127 to screen 0.67241,0.68035 nohead linewidth 1.0 linecolor rgb '#8a3d00' dashtype solid front
set arrow from screen 0.67491,0.68035 to screen 0.70241,0.68035 nohead linewidth 2.6 linecolor rgb '#8a3d00' dashtype (10,5) front
set label '' at screen 0.68866,0.68035 point pointtype 4 pointsize 1.3 linecolor rgb '#8a3d00' front
set label "http/threaded/python" at screen 0.70866,0.68035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.66741 to screen 0.65866,0.66741 nohead linewidth 1.0 linecolor rgb '#56b4e9' dashtype (1,3) front
set arrow from screen 0.65866,0.66741 to screen 0.67241,0.65035 nohead linewidth 1.0 linecolor rgb '#56b4e9' dashtype solid front
set arrow from screen 0.67491,0.65035 to screen 0.70241,0.65035 nohead linewidth 2.6 linecolor rgb '#56b4e9' dashtype solid front
set label '' at screen 0.68866,0.65035 point pointtype 1 pointsize 1.3 linecolor rgb '#56b4e9' front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.70866,0.65035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.66644 to screen 0.65866,0.66644 nohead linewidth 1.0 linecolor rgb '#85406a' dashtype (1,3) front
set arrow from screen 0.65866,0.66644 to screen 0.67241,0.62035 nohead linewidth 1.0 linecolor rgb '#85406a' dashtype solid front
set arrow from screen 0.67491,0.62035 to screen 0.70241,0.62035 nohead linewidth 2.6 linecolor rgb '#85406a' dashtype (10,5) front
set label '' at screen 0.68866,0.62035 point pointtype 10 pointsize 1.3 linecolor rgb '#85406a' front
set label "http/threaded/gunicorn" at screen 0.70866,0.62035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.63198 to screen 0.65866,0.63198 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype (1,3) front
set arrow from screen 0.65866,0.63198 to screen 0.67241,0.59035 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype solid front
set arrow from screen 0.67491,0.59035 to screen 0.70241,0.59035 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.68866,0.59035 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/native" at screen 0.70866,0.59035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.62895 to screen 0.65866,0.62895 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype (1,3) front
set arrow from screen 0.65866,0.62895 to screen 0.67241,0.56035 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype solid front
set arrow from screen 0.67491,0.56035 to screen 0.70241,0.56035 nohead linewidth 2.6 linecolor rgb '#d55e00' dashtype solid front
set label '' at screen 0.68866,0.56035 point pointtype 5 pointsize 1.3 linecolor rgb '#d55e00' front
set label "rpyc/forking/native" at screen 0.70866,0.56035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.56085 to screen 0.65866,0.56085 nohead linewidth 1.0 linecolor rgb '#9a6a00' dashtype (1,3) front
set arrow from screen 0.65866,0.56085 to screen 0.67241,0.53035 nohead linewidth 1.0 linecolor rgb '#9a6a00' dashtype solid front
set arrow from screen 0.67491,0.53035 to screen 0.70241,0.53035 nohead linewidth 2.6 linecolor rgb '#9a6a00' dashtype (10,5) front
set label '' at screen 0.68866,0.53035 point pointtype 12 pointsize 1.3 linecolor rgb '#9a6a00' front
set label "http/forking/gunicorn" at screen 0.70866,0.53035 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.49851 to screen 0.65866,0.49851 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype (1,3) front
set arrow from screen 0.65866,0.49851 to screen 0.67241,0.49851 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype solid front
set arrow from screen 0.67491,0.49851 to screen 0.70241,0.49851 nohead linewidth 2.6 linecolor rgb '#009e73' dashtype solid front
set label '' at screen 0.68866,0.49851 point pointtype 9 pointsize 1.3 linecolor rgb '#009e73' front
set label "rpyc/threaded/python" at screen 0.70866,0.49851 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.65227,0.44953 to screen 0.65866,0.44953 nohead linewidth 1.0 linecolor rgb '#777777' dashtype (1,3) front
set arrow from screen 0.65866,0.44953 to screen 0.67241,0.44953 nohead linewidth 1.0 linecolor rgb '#777777' dashtype solid front
set arrow from screen 0.67491,0.44953 to screen 0.70241,0.44953 nohead linewidth 1.4 linecolor rgb '#777777' dashtype solid front
set label '' at screen 0.68866,0.44953 point pointtype 15 pointsize 0.9 linecolor rgb '#777777' front
set label "tcp/threaded/native" at screen 0.70866,0.44953 left font ',19' textcolor rgb '#555555' noenhanced front

plot data index 0 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 7 pointsize 1.3 pointinterval 5 linecolor rgb '#0072b2' notitle, \
     data index 1 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 5 pointsize 1.3 pointinterval 5 linecolor rgb '#d55e00' notitle, \
     data index 2 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 9 pointsize 1.3 pointinterval 5 linecolor rgb '#009e73' notitle, \
     data index 3 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 11 pointsize 1.3 pointinterval 5 linecolor rgb '#cc79a7' notitle, \
     data index 4 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 13 pointsize 1.3 pointinterval 5 linecolor rgb '#e69f00' notitle, \
     data index 5 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 1 pointsize 1.3 pointinterval 5 linecolor rgb '#56b4e9' notitle, \
     data index 6 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 2 pointsize 1.3 pointinterval 5 linecolor rgb '#333333' notitle, \
     data index 7 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 6 pointsize 1.3 pointinterval 5 linecolor rgb '#00446b' notitle, \
     data index 8 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 4 pointsize 1.3 pointinterval 5 linecolor rgb '#8a3d00' notitle, \
     data index 9 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 8 pointsize 1.3 pointinterval 5 linecolor rgb '#00573f' notitle, \
     data index 10 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 10 pointsize 1.3 pointinterval 5 linecolor rgb '#85406a' notitle, \
     data index 11 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 12 pointsize 1.3 pointinterval 5 linecolor rgb '#9a6a00' notitle, \
     data index 12 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 3 pointsize 1.3 pointinterval 5 linecolor rgb '#27749f' notitle, \
     data index 13 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 1.4 dashtype solid pointtype 15 pointsize 0.9 pointinterval 5 linecolor rgb '#777777' notitle

unset output
pass = pass + 1
if (pass == 2) load 'percentile-14.gp'
