# Draws lines-none.svg and lines-none.png from lines-none.dat. In this folder: gnuplot lines-none.gp
data = 'lines-none.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,320 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'lines-none.svg'
if (pass == 2) set terminal pngcairo size 1600,320 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'lines-none.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: distribution of the response time, the slow calls stretched" at screen 0.02250,0.88125 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "no data" at screen 0.50000,0.40625 center font ',28' textcolor rgb '#8c8c8c' noenhanced front
unset tics
unset border
set xrange [0:1]
set yrange [0:1]
plot NaN notitle

unset output
pass = pass + 1
if (pass == 2) load 'lines-none.gp'
