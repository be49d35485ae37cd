# Draws ecdf-10.svg and ecdf-10.png from ecdf-10.dat. In this folder: gnuplot ecdf-10.gp
data = 'ecdf-10.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'ecdf-10.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'ecdf-10.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: how many requests were answered within a time" at screen 0.02250,0.95778 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, 1 connection, 4000 samples of 8 trials" at screen 0.02250,0.91778 left font ',17' textcolor rgb '#555555' noenhanced front
set lmargin at screen 0.06165
set rmargin at screen 0.65866
set tmargin at screen 0.88000
set bmargin at screen 0.09333
xunit = 1
yunit = 0.01
unset logscale
set logscale x
set xrange [5e-05:0.001] noextend
set yrange [0:100] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("50 µs" 5e-05, "100 µs" 0.0001, "200 µs" 0.0002, "500 µs" 0.0005, "1 ms" 0.001)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("0" 0, "20" 20, "40" 40, "60" 60, "80" 80, "100" 100)
set label "response time, log scale" at screen 0.36016,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "share of the requests (%)" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.67491,0.86500 to screen 0.70241,0.86500 nohead linewidth 2.6 linecolor rgb '#56b4e9' dashtype solid front
set label '' at screen 0.68866,0.86500 point pointtype 1 pointsize 1.3 linecolor rgb '#56b4e9' front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.70866,0.86500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.83500 to screen 0.70241,0.83500 nohead linewidth 2.6 linecolor rgb '#009e73' dashtype solid front
set label '' at screen 0.68866,0.83500 point pointtype 9 pointsize 1.3 linecolor rgb '#009e73' front
set label "rpyc/threaded/python" at screen 0.70866,0.83500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.80500 to screen 0.70241,0.80500 nohead linewidth 2.6 linecolor rgb '#cc79a7' dashtype solid front
set label '' at screen 0.68866,0.80500 point pointtype 11 pointsize 1.3 linecolor rgb '#cc79a7' front
set label "rpyc/forking/python" at screen 0.70866,0.80500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.77500 to screen 0.70241,0.77500 nohead linewidth 2.6 linecolor rgb '#00573f' dashtype (10,5) front
set label '' at screen 0.68866,0.77500 point pointtype 8 pointsize 1.3 linecolor rgb '#00573f' front
set label "http/forking/python" at screen 0.70866,0.77500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.74500 to screen 0.70241,0.74500 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.68866,0.74500 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/native" at screen 0.70866,0.74500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.71500 to screen 0.70241,0.71500 nohead linewidth 2.6 linecolor rgb '#333333' dashtype solid front
set label '' at screen 0.68866,0.71500 point pointtype 2 pointsize 1.3 linecolor rgb '#333333' front
set label "http/threaded/native" at screen 0.70866,0.71500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.68500 to screen 0.70241,0.68500 nohead linewidth 2.6 linecolor rgb '#8a3d00' dashtype (10,5) front
set label '' at screen 0.68866,0.68500 point pointtype 4 pointsize 1.3 linecolor rgb '#8a3d00' front
set label "http/threaded/python" at screen 0.70866,0.68500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.65500 to screen 0.70241,0.65500 nohead linewidth 2.6 linecolor rgb '#d55e00' dashtype solid front
set label '' at screen 0.68866,0.65500 point pointtype 5 pointsize 1.3 linecolor rgb '#d55e00' front
set label "rpyc/forking/native" at screen 0.70866,0.65500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.62500 to screen 0.70241,0.62500 nohead linewidth 2.6 linecolor rgb '#e69f00' dashtype solid front
set label '' at screen 0.68866,0.62500 point pointtype 13 pointsize 1.3 linecolor rgb '#e69f00' front
set label "rpyc[call=cached]/threaded/python" at screen 0.70866,0.62500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.67491,0.59500 to screen 0.70241,0.59500 nohead linewidth 2.6 linecolor rgb '#00446b' dashtype (10,5) front
set label '' at screen 0.68866,0.59500 point pointtype 6 pointsize 1.3 linecolor rgb '#00446b' front
set label "http/forking/native" at screen 0.70866,0.59500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front

plot data index 0 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 7 pointsize 1.3 pointinterval 1 linecolor rgb '#0072b2' notitle, \
     data index 1 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 5 pointsize 1.3 pointinterval 1 linecolor rgb '#d55e00' notitle, \
     data index 2 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 9 pointsize 1.3 pointinterval 1 linecolor rgb '#009e73' notitle, \
     data index 3 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 11 pointsize 1.3 pointinterval 1 linecolor rgb '#cc79a7' notitle, \
     data index 4 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 13 pointsize 1.3 pointinterval 1 linecolor rgb '#e69f00' notitle, \
     data index 5 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 1 pointsize 1.3 pointinterval 1 linecolor rgb '#56b4e9' notitle, \
     data index 6 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 2 pointsize 1.3 pointinterval 1 linecolor rgb '#333333' notitle, \
     data index 7 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 6 pointsize 1.3 pointinterval 1 linecolor rgb '#00446b' notitle, \
     data index 8 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 4 pointsize 1.3 pointinterval 1 linecolor rgb '#8a3d00' notitle, \
     data index 9 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 8 pointsize 1.3 pointinterval 1 linecolor rgb '#00573f' notitle

unset output
pass = pass + 1
if (pass == 2) load 'ecdf-10.gp'
