# Draws bars-negative.svg and bars-negative.png from bars-negative.dat. In this folder: gnuplot bars-negative.gp
data = 'bars-negative.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,328 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-negative.svg'
if (pass == 2) set terminal pngcairo size 1600,328 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-negative.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "difference to the run before" at screen 0.02250,0.88415 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, 1 connection, 8 trials of 1000 requests; bars at the ends: 95 % interval over trials; less is better" at screen 0.02250,0.77439 left font ',17' textcolor rgb '#555555' noenhanced front

# panel 0
set lmargin at screen 0.16045
set rmargin at screen 0.97250
set tmargin at screen 0.69512
set bmargin at screen 0.25000
unit = 1
unset logscale
set xrange [-0.501594729:0.87557428] noextend
set yrange [2.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set arrow from first 0, graph 0 to first 0, graph 1 nohead front linecolor rgb '#8c8c8c'
set xtics scale 0 font ',17' textcolor rgb '#555555' ("-0.4" -0.4, "-0.2" -0.2, "0" 0, "0.2" 0.2, "0.4" 0.4, "0.6" 0.6, "0.8" 0.8)
set label "change (×)" at screen 0.56648,0.10976 center font ',17' textcolor rgb '#555555' noenhanced front
set label "rpyc/threaded/native" at screen 0.15295,0.61280 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "-0.25×" at first -0.25,0 right offset character -0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.15295,0.47256 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.50×" at first 0.8,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/python" at screen 0.15295,0.33232 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "-0.10×" at first -0.4,2 right offset character -0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 0 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 0 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 0 every ::1::1 using ($3/unit):(1):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::1::1 using ($3/unit):(1):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::2::2 using (0):(2):(0):($2/unit):(1.64):(2.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#009e73' notitle, \
     data index 0 every ::2::2 using ($3/unit):(2):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::2::2 using ($3/unit):(2):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle
unset label
unset arrow

unset output
pass = pass + 1
if (pass == 2) load 'bars-negative.gp'
