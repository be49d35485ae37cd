# Draws parts-ping.svg and parts-ping.png from parts-ping.dat. In this folder: gnuplot parts-ping.gp
data = 'parts-ping.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,368 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'parts-ping.svg'
if (pass == 2) set terminal pngcairo size 1600,368 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'parts-ping.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "Where the time of one ping goes" at screen 0.02250,0.89674 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "latency, closed loop, 1 connection; means, each part the difference of two targets that differ in it; whiskers: 95 % interval of the whole over 3 trials" at screen 0.02250,0.79891 left font ',17' textcolor rgb '#555555' noenhanced front
set object rectangle from screen 0.02250,0.66304 to screen 0.03375,0.71196 front fillstyle solid noborder fillcolor rgb '#0072b2'
set label "kernel and wire" at screen 0.03938,0.68750 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.15301,0.66304 to screen 0.16426,0.71196 front fillstyle solid noborder fillcolor rgb '#d55e00'
set label "protocol" at screen 0.16989,0.68750 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.23971,0.66304 to screen 0.25096,0.71196 front fillstyle solid noborder fillcolor rgb '#009e73'
set label "Python server" at screen 0.25658,0.68750 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.36024,0.66304 to screen 0.37149,0.71196 front fillstyle solid noborder fillcolor rgb '#cc79a7'
set label "Python client" at screen 0.37712,0.68750 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set lmargin at screen 0.20581
set rmargin at screen 0.97250
set tmargin at screen 0.61957
set bmargin at screen 0.22283
unit = 0.001
unset logscale
set xrange [0:1.13370031] noextend
set yrange [2.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "0.2" 0.2, "0.4" 0.4, "0.6" 0.6, "0.8" 0.8, "1.0" 1)
set label "response time, mean (ms)" at screen 0.58916,0.09783 center font ',17' textcolor rgb '#555555' noenhanced front
set label "rpyc/threaded/python/python" at screen 0.19831,0.54620 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.308 ms" at first 0.315452413,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.109 ms" at first 0.0855,0 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.168 ms" at first 0.224,0 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "http/threaded/python/python" at screen 0.19831,0.42120 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.990 ms" at first 1.03968275,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.402 ms" at first 0.219,1 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.570 ms" at first 0.705,1 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "rpyc/forking/python" at screen 0.19831,0.29620 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.150 ms" at first 0.152484138,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.118 ms" at first 0.091,2 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
plot data index 0 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#0072b2' notitle, \
     data index 1 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#d55e00' notitle, \
     data index 2 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#009e73' notitle, \
     data index 3 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#cc79a7' notitle, \
     data index 4 using ($3/unit):1:(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 4 using ($3/unit):1:(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle

unset output
pass = pass + 1
if (pass == 2) load 'parts-ping.gp'
