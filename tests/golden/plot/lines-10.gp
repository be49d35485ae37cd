# Draws lines-10.svg and lines-10.png from lines-10.dat. In this folder: gnuplot lines-10.gp
data = 'lines-10.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'lines-10.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'lines-10.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "concurrent: throughput by number of clients" at screen 0.02250,0.95778 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, one request in flight per client, 8 trials; more is better" at screen 0.02250,0.91778 left font ',17' textcolor rgb '#555555' noenhanced front
set lmargin at screen 0.07355
set rmargin at screen 0.65866
set tmargin at screen 0.88000
set bmargin at screen 0.09333
xunit = 1
yunit = 1
unset logscale
set logscale x
set logscale y
set xrange [0.864537231:148.056088] noextend
set yrange [1000:50000] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("1" 1, "2" 2, "4" 4, "8" 8, "16" 16, "32" 32, "64" 64, "128" 128)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("1 k/s" 1000, "2 k/s" 2000, "5 k/s" 5000, "10 k/s" 10000, "20 k/s" 20000, "50 k/s" 50000)
set label "clients, log scale" at screen 0.36611,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "requests per second, log scale" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.64710,0.77411 to screen 0.65866,0.77411 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype (1,3) front
set arrow from screen 0.65866,0.77411 to screen 0.67241,0.78624 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype solid front
set arrow from screen 0.67491,0.78624 to screen 0.70241,0.78624 nohead linewidth 2.6 linecolor rgb '#cc79a7' dashtype solid front
set label '' at screen 0.68866,0.78624 point pointtype 11 pointsize 1.3 linecolor rgb '#cc79a7' front
set label "rpyc/forking/python" at screen 0.70866,0.78624 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.76836 to screen 0.65866,0.76836 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype (1,3) front
set arrow from screen 0.65866,0.76836 to screen 0.67241,0.75624 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype solid front
set arrow from screen 0.67491,0.75624 to screen 0.70241,0.75624 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.68866,0.75624 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/native" at screen 0.70866,0.75624 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.67532 to screen 0.65866,0.67532 nohead linewidth 1.0 linecolor rgb '#e69f00' dashtype (1,3) front
set arrow from screen 0.65866,0.67532 to screen 0.67241,0.70914 nohead linewidth 1.0 linecolor rgb '#e69f00' dashtype solid front
set arrow from screen 0.67491,0.70914 to screen 0.70241,0.70914 nohead linewidth 2.6 linecolor rgb '#e69f00' dashtype solid front
set label '' at screen 0.68866,0.70914 point pointtype 13 pointsize 1.3 linecolor rgb '#e69f00' front
set label "rpyc[call=cached]/threaded/python" at screen 0.70866,0.70914 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.67188 to screen 0.65866,0.67188 nohead linewidth 1.0 linecolor rgb '#56b4e9' dashtype (1,3) front
set arrow from screen 0.65866,0.67188 to screen 0.67241,0.67914 nohead linewidth 1.0 linecolor rgb '#56b4e9' dashtype solid front
set arrow from screen 0.67491,0.67914 to screen 0.70241,0.67914 nohead linewidth 2.6 linecolor rgb '#56b4e9' dashtype solid front
set label '' at screen 0.68866,0.67914 point pointtype 1 pointsize 1.3 linecolor rgb '#56b4e9' front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.70866,0.67914 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.64959 to screen 0.65866,0.64959 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype (1,3) front
set arrow from screen 0.65866,0.64959 to screen 0.67241,0.64914 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype solid front
set arrow from screen 0.67491,0.64914 to screen 0.70241,0.64914 nohead linewidth 2.6 linecolor rgb '#d55e00' dashtype solid front
set label '' at screen 0.68866,0.64914 point pointtype 5 pointsize 1.3 linecolor rgb '#d55e00' front
set label "rpyc/forking/native" at screen 0.70866,0.64914 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.62207 to screen 0.65866,0.62207 nohead linewidth 1.0 linecolor rgb '#00573f' dashtype (1,3) front
set arrow from screen 0.65866,0.62207 to screen 0.67241,0.61914 nohead linewidth 1.0 linecolor rgb '#00573f' dashtype solid front
set arrow from screen 0.67491,0.61914 to screen 0.70241,0.61914 nohead linewidth 2.6 linecolor rgb '#00573f' dashtype (10,5) front
set label '' at screen 0.68866,0.61914 point pointtype 8 pointsize 1.3 linecolor rgb '#00573f' front
set label "http/forking/python" at screen 0.70866,0.61914 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.61774 to screen 0.65866,0.61774 nohead linewidth 1.0 linecolor rgb '#00446b' dashtype (1,3) front
set arrow from screen 0.65866,0.61774 to screen 0.67241,0.58914 nohead linewidth 1.0 linecolor rgb '#00446b' dashtype solid front
set arrow from screen 0.67491,0.58914 to screen 0.70241,0.58914 nohead linewidth 2.6 linecolor rgb '#00446b' dashtype (10,5) front
set label '' at screen 0.68866,0.58914 point pointtype 6 pointsize 1.3 linecolor rgb '#00446b' front
set label "http/forking/native" at screen 0.70866,0.58914 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.55217 to screen 0.65866,0.55217 nohead linewidth 1.0 linecolor rgb '#333333' dashtype (1,3) front
set arrow from screen 0.65866,0.55217 to screen 0.67241,0.55914 nohead linewidth 1.0 linecolor rgb '#333333' dashtype solid front
set arrow from screen 0.67491,0.55914 to screen 0.70241,0.55914 nohead linewidth 2.6 linecolor rgb '#333333' dashtype solid front
set label '' at screen 0.68866,0.55914 point pointtype 2 pointsize 1.3 linecolor rgb '#333333' front
set label "http/threaded/native" at screen 0.70866,0.55914 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.54522 to screen 0.65866,0.54522 nohead linewidth 1.0 linecolor rgb '#8a3d00' dashtype (1,3) front
set arrow from screen 0.65866,0.54522 to screen 0.67241,0.52914 nohead linewidth 1.0 linecolor rgb '#8a3d00' dashtype solid front
set arrow from screen 0.67491,0.52914 to screen 0.70241,0.52914 nohead linewidth 2.6 linecolor rgb '#8a3d00' dashtype (10,5) front
set label '' at screen 0.68866,0.52914 point pointtype 4 pointsize 1.3 linecolor rgb '#8a3d00' front
set label "http/threaded/python" at screen 0.70866,0.52914 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64710,0.43085 to screen 0.65866,0.43085 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype (1,3) front
set arrow from screen 0.65866,0.43085 to screen 0.67241,0.43085 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype solid front
set arrow from screen 0.67491,0.43085 to screen 0.70241,0.43085 nohead linewidth 2.6 linecolor rgb '#009e73' dashtype solid front
set label '' at screen 0.68866,0.43085 point pointtype 9 pointsize 1.3 linecolor rgb '#009e73' front
set label "rpyc/threaded/python" at screen 0.70866,0.43085 left font ',19' textcolor rgb '#1a1a1a' noenhanced front

plot data index 0 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 7 pointsize 1.3 pointinterval 1 linecolor rgb '#0072b2' notitle, \
     data index 0 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#0072b2' notitle, \
     data index 1 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 5 pointsize 1.3 pointinterval 1 linecolor rgb '#d55e00' notitle, \
     data index 1 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#d55e00' notitle, \
     data index 2 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 9 pointsize 1.3 pointinterval 1 linecolor rgb '#009e73' notitle, \
     data index 2 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#009e73' notitle, \
     data index 3 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 11 pointsize 1.3 pointinterval 1 linecolor rgb '#cc79a7' notitle, \
     data index 3 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#cc79a7' notitle, \
     data index 4 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 13 pointsize 1.3 pointinterval 1 linecolor rgb '#e69f00' notitle, \
     data index 4 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#e69f00' notitle, \
     data index 5 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 1 pointsize 1.3 pointinterval 1 linecolor rgb '#56b4e9' notitle, \
     data index 5 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#56b4e9' notitle, \
     data index 6 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 2 pointsize 1.3 pointinterval 1 linecolor rgb '#333333' notitle, \
     data index 6 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#333333' notitle, \
     data index 7 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 6 pointsize 1.3 pointinterval 1 linecolor rgb '#00446b' notitle, \
     data index 7 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#00446b' notitle, \
     data index 8 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 4 pointsize 1.3 pointinterval 1 linecolor rgb '#8a3d00' notitle, \
     data index 8 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#8a3d00' notitle, \
     data index 9 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 8 pointsize 1.3 pointinterval 1 linecolor rgb '#00573f' notitle, \
     data index 9 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#00573f' notitle

unset output
pass = pass + 1
if (pass == 2) load 'lines-10.gp'
