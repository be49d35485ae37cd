# Draws bars-sizes-1.svg and bars-sizes-1.png from bars-sizes-1.dat. In this folder: gnuplot bars-sizes-1.gp
data = 'bars-sizes-1.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,456 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-sizes-1.svg'
if (pass == 2) set terminal pngcairo size 1600,456 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-sizes-1.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "bandwidth: upload by payload size" at screen 0.02250,0.91667 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "upload of random bytes, 1 connection, 8 trials of 10 uploads; more is better" at screen 0.02250,0.83772 left font ',17' textcolor rgb '#555555' noenhanced front

# panel 0
set lmargin at screen 0.07721
set rmargin at screen 0.97250
set tmargin at screen 0.70175
set bmargin at screen 0.17982
unit = 1048576
unset logscale
set xrange [0:879.736978] noextend
set yrange [4.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "200" 200, "400" 400, "600" 600, "800" 800)
set label "bytes uploaded in a second (MiB/s)" at screen 0.52485,0.07895 center font ',17' textcolor rgb '#555555' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.07846,0.73465 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1 KiB" at screen 0.06971,0.64254 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.27 MiB/s" at first 1.26567884,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "10 KiB" at screen 0.06971,0.54167 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "9.50 MiB/s" at first 9.49962199,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "100 KiB" at screen 0.06971,0.44079 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "13.2 MiB/s" at first 13.2358884,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "1 MiB" at screen 0.06971,0.33991 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "79.1 MiB/s" at first 79.1383317,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "10 MiB" at screen 0.06971,0.23904 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "815 MiB/s" at first 814.754836,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 0 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 1 every ::0::0 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 2 every ::0::0 using (0):(2):(0):($2/unit):(1.64):(2.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 3 every ::0::0 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 4 every ::0::0 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle
unset label
unset arrow

unset output
pass = pass + 1
if (pass == 2) load 'bars-sizes-1.gp'
