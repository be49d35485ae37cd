# Draws lines-1.svg and lines-1.png from lines-1.dat. In this folder: gnuplot lines-1.gp
data = 'lines-1.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'lines-1.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'lines-1.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "concurrent: throughput by number of clients" at screen 0.02250,0.95778 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, one request in flight per client, 8 trials; more is better" at screen 0.02250,0.91778 left font ',17' textcolor rgb '#555555' noenhanced front
set lmargin at screen 0.05485
set rmargin at screen 0.80758
set tmargin at screen 0.88000
set bmargin at screen 0.09333
xunit = 1
yunit = 1000
unset logscale
set logscale x
set xrange [0.864537231:148.056088] noextend
set yrange [0:30] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("1" 1, "2" 2, "4" 4, "8" 8, "16" 16, "32" 32, "64" 64, "128" 128)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("0" 0, "5" 5, "10" 10, "15" 15, "20" 20, "25" 25, "30" 30)
set label "clients, log scale" at screen 0.43121,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "requests per second (k/s)" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.79127,0.84588 to screen 0.80758,0.84588 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype (1,3) front
set arrow from screen 0.80758,0.84588 to screen 0.82133,0.84588 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype solid front
set arrow from screen 0.82383,0.84588 to screen 0.85133,0.84588 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.83758,0.84588 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/native" at screen 0.85758,0.84588 left font ',19' textcolor rgb '#1a1a1a' noenhanced front

plot data index 0 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 7 pointsize 1.3 pointinterval 1 linecolor rgb '#0072b2' notitle, \
     data index 0 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#0072b2' notitle

unset output
pass = pass + 1
if (pass == 2) load 'lines-1.gp'
