# Draws parts-echo.svg and parts-echo.png from parts-echo.dat. In this folder: gnuplot parts-echo.gp
data = 'parts-echo.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,276 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'parts-echo.svg'
if (pass == 2) set terminal pngcairo size 1600,276 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'parts-echo.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "Where the time of one echo 1KiB goes" at screen 0.02250,0.86232 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "latency, closed loop, 1 connection; means, each part the difference of two targets that differ in it; whiskers: 95 % interval of the whole over 3 trials" at screen 0.02250,0.73188 left font ',17' textcolor rgb '#555555' noenhanced front
set object rectangle from screen 0.02250,0.55072 to screen 0.03375,0.61594 front fillstyle solid noborder fillcolor rgb '#0072b2'
set label "kernel and wire" at screen 0.03938,0.58333 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.15301,0.55072 to screen 0.16426,0.61594 front fillstyle solid noborder fillcolor rgb '#d55e00'
set label "protocol" at screen 0.16989,0.58333 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.23971,0.55072 to screen 0.25096,0.61594 front fillstyle solid noborder fillcolor rgb '#009e73'
set label "Python server" at screen 0.25658,0.58333 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.36024,0.55072 to screen 0.37149,0.61594 front fillstyle solid noborder fillcolor rgb '#cc79a7'
set label "Python client" at screen 0.37712,0.58333 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set lmargin at screen 0.20581
set rmargin at screen 0.97250
set tmargin at screen 0.49275
set bmargin at screen 0.29710
unit = 1e-06
unset logscale
set xrange [0:373.385476] noextend
set yrange [0.586956522:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "50" 50, "100" 100, "150" 150, "200" 200, "250" 250, "300" 300, "350" 350)
set label "response time, mean (µs)" at screen 0.58916,0.13043 center font ',17' textcolor rgb '#555555' noenhanced front
set label "rpyc/threaded/python/python" at screen 0.19831,0.39493 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.330 ms" at first 342.420689,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.115 ms" at first 92.5,0 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.180 ms" at first 240,0 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
plot data index 0 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#0072b2' notitle, \
     data index 1 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#d55e00' notitle, \
     data index 2 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#009e73' notitle, \
     data index 3 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#cc79a7' notitle, \
     data index 4 using ($3/unit):1:(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 4 using ($3/unit):1:(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle

unset output
pass = pass + 1
if (pass == 2) load 'parts-echo.gp'
