# Draws bars-2.svg and bars-2.png from bars-2.dat. In this folder: gnuplot bars-2.gp
data = 'bars-2.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,282 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-2.svg'
if (pass == 2) set terminal pngcairo size 1600,282 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-2.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: response time of one call, median" at screen 0.02250,0.86525 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, 1 connection, 8 trials of 1000 requests; bars at the ends: 95 % interval over trials; less is better" at screen 0.02250,0.73759 left font ',17' textcolor rgb '#555555' noenhanced front

# panel 0
set lmargin at screen 0.15617
set rmargin at screen 0.97250
set tmargin at screen 0.64539
set bmargin at screen 0.29078
unit = 1e-06
unset logscale
set xrange [0:938.451994] noextend
set yrange [1.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "200" 200, "400" 400, "600" 600, "800" 800)
set label "response time, p50 (µs)" at screen 0.56434,0.12766 center font ',17' textcolor rgb '#555555' noenhanced front
set label "rpyc/threaded/native" at screen 0.14867,0.54965 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.387 ms" at first 414.327759,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.14867,0.38652 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.809 ms" at first 865.358617,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 0 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 0 every ::0::0 using ($3/unit):(0):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::0::0 using ($3/unit):(0):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 0 every ::1::1 using ($3/unit):(1):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::1::1 using ($3/unit):(1):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle
unset label
unset arrow

unset output
pass = pass + 1
if (pass == 2) load 'bars-2.gp'
