# Draws percentile-2.svg and percentile-2.png from percentile-2.dat. In this folder: gnuplot percentile-2.gp
data = 'percentile-2.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'percentile-2.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'percentile-2.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: distribution of the response time, the slow calls stretched" at screen 0.02250,0.95778 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, open loop (Poisson) at 500 /s, 1 connection, 8 trials of 20 s; less is better" at screen 0.02250,0.91778 left font ',17' textcolor rgb '#555555' noenhanced front
set lmargin at screen 0.07759
set rmargin at screen 0.80758
set tmargin at screen 0.88000
set bmargin at screen 0.09333
xunit = 1
yunit = 1
unset logscale
set logscale y
set xrange [-0:4.59] noextend
set yrange [0.0001:0.002] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0 %%" 0, "50 %%" 0.301029996, "90 %%" 1, "99 %%" 2, "99.9 %%" 3, "99.99 %%" 4)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("100 µs" 0.0001, "200 µs" 0.0002, "500 µs" 0.0005, "1 ms" 0.001, "2 ms" 0.002)
set label "share of calls that were at least as fast" at screen 0.44258,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "response time, log scale" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.79826,0.73074 to screen 0.80758,0.73074 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype (1,3) front
set arrow from screen 0.80758,0.73074 to screen 0.82133,0.74224 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype solid front
set arrow from screen 0.82383,0.74224 to screen 0.85133,0.74224 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.83758,0.74224 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/native" at screen 0.85758,0.74224 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.79826,0.72374 to screen 0.80758,0.72374 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype (1,3) front
set arrow from screen 0.80758,0.72374 to screen 0.82133,0.71224 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype solid front
set arrow from screen 0.82383,0.71224 to screen 0.85133,0.71224 nohead linewidth 2.6 linecolor rgb '#d55e00' dashtype solid front
set label '' at screen 0.83758,0.71224 point pointtype 5 pointsize 1.3 linecolor rgb '#d55e00' front
set label "rpyc/forking/native" at screen 0.85758,0.71224 left font ',19' textcolor rgb '#1a1a1a' noenhanced front

plot data index 0 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 7 pointsize 1.3 pointinterval 5 linecolor rgb '#0072b2' notitle, \
     data index 1 using ($1 < 1 ? -log10(1 - $1) : NaN):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 5 pointsize 1.3 pointinterval 5 linecolor rgb '#d55e00' notitle

unset output
pass = pass + 1
if (pass == 2) load 'percentile-2.gp'
