# Draws ecdf-1.svg and ecdf-1.png from ecdf-1.dat. In this folder: gnuplot ecdf-1.gp
data = 'ecdf-1.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'ecdf-1.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'ecdf-1.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: how many requests were answered within a time" at screen 0.02250,0.95778 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, 1 connection, 4000 samples of 8 trials" at screen 0.02250,0.91778 left font ',17' textcolor rgb '#555555' noenhanced front
set lmargin at screen 0.06165
set rmargin at screen 0.80758
set tmargin at screen 0.88000
set bmargin at screen 0.09333
xunit = 1
yunit = 0.01
unset logscale
set logscale x
set xrange [0.0001:0.0005] noextend
set yrange [0:100] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("100 µs" 0.0001, "200 µs" 0.0002, "500 µs" 0.0005)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("0" 0, "20" 20, "40" 40, "60" 60, "80" 80, "100" 100)
set label "response time, log scale" at screen 0.43461,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "share of the requests (%)" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.82383,0.86500 to screen 0.85133,0.86500 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.83758,0.86500 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/native" at screen 0.85758,0.86500 left font ',19' textcolor rgb '#1a1a1a' noenhanced front

plot data index 0 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 7 pointsize 1.3 pointinterval 1 linecolor rgb '#0072b2' notitle

unset output
pass = pass + 1
if (pass == 2) load 'ecdf-1.gp'
