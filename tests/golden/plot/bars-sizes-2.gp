# Draws bars-sizes-2.svg and bars-sizes-2.png from bars-sizes-2.dat. In this folder: gnuplot bars-sizes-2.gp
data = 'bars-sizes-2.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,1110 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-sizes-2.svg'
if (pass == 2) set terminal pngcairo size 1600,1110 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-sizes-2.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "bandwidth: upload by payload size" at screen 0.02250,0.96577 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "upload of random bytes, 1 connection, 8 trials of 10 uploads; more is better" at screen 0.02250,0.93333 left font ',17' textcolor rgb '#555555' noenhanced front
set multiplot
set label "each panel has its own scale" at screen 0.97250,0.01441 right font ',15' textcolor rgb '#8c8c8c' noenhanced front

# panel 0
set lmargin at screen 0.15617
set rmargin at screen 0.97250
set tmargin at screen 0.87748
set bmargin at screen 0.78739
unit = 1048576
unset logscale
set xrange [0:2.49615528] noextend
set yrange [1.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "0.5" 0.5, "1.0" 1, "1.5" 1.5, "2.0" 2)
set label "bytes uploaded in a second (MiB/s)" at screen 0.56434,0.74595 center font ',17' textcolor rgb '#555555' noenhanced front
set label "1 KiB" at screen 0.15742,0.89099 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.14867,0.85315 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.27 MiB/s" at first 1.26567884,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.14867,0.81171 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.28 MiB/s" at first 2.2835429,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 0 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 0 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle
unset label
unset arrow

# panel 1
set lmargin at screen 0.15617
set rmargin at screen 0.97250
set tmargin at screen 0.69910
set bmargin at screen 0.60901
unit = 1048576
unset logscale
set xrange [0:10.3840972] noextend
set yrange [1.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "2" 2, "4" 4, "6" 6, "8" 8, "10" 10)
set label "bytes uploaded in a second (MiB/s)" at screen 0.56434,0.56757 center font ',17' textcolor rgb '#555555' noenhanced front
set label "10 KiB" at screen 0.15742,0.71261 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.14867,0.67477 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "9.50 MiB/s" at first 9.49962199,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.14867,0.63333 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "7.35 MiB/s" at first 7.3522136,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 1 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 1 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle
unset label
unset arrow

# panel 2
set lmargin at screen 0.15617
set rmargin at screen 0.97250
set tmargin at screen 0.52072
set bmargin at screen 0.43063
unit = 1048576
unset logscale
set xrange [0:20.2806215] noextend
set yrange [1.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "5" 5, "10" 10, "15" 15, "20" 20)
set label "bytes uploaded in a second (MiB/s)" at screen 0.56434,0.38919 center font ',17' textcolor rgb '#555555' noenhanced front
set label "100 KiB" at screen 0.15742,0.53423 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.14867,0.49640 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "13.2 MiB/s" at first 13.2358884,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.14867,0.45495 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "18.6 MiB/s" at first 18.5532005,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 2 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 2 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle
unset label
unset arrow

# panel 3
set lmargin at screen 0.15617
set rmargin at screen 0.97250
set tmargin at screen 0.34234
set bmargin at screen 0.25225
unit = 1048576
unset logscale
set xrange [0:86.506614] noextend
set yrange [1.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "20" 20, "40" 40, "60" 60, "80" 80)
set label "bytes uploaded in a second (MiB/s)" at screen 0.56434,0.21081 center font ',17' textcolor rgb '#555555' noenhanced front
set label "1 MiB" at screen 0.15742,0.35586 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.14867,0.31802 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "79.1 MiB/s" at first 79.1383317,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.14867,0.27658 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "54.2 MiB/s" at first 54.2271367,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 3 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 3 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle
unset label
unset arrow

# panel 4
set lmargin at screen 0.15617
set rmargin at screen 0.97250
set tmargin at screen 0.16396
set bmargin at screen 0.07387
unit = 1048576
unset logscale
set xrange [0:886.577289] noextend
set yrange [1.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "200" 200, "400" 400, "600" 600, "800" 800)
set label "bytes uploaded in a second (MiB/s)" at screen 0.56434,0.03243 center font ',17' textcolor rgb '#555555' noenhanced front
set label "10 MiB" at screen 0.15742,0.17748 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.14867,0.13964 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "815 MiB/s" at first 814.754836,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.14867,0.09820 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "256 MiB/s" at first 255.832322,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 4 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 4 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle
unset label
unset arrow
unset multiplot

unset output
pass = pass + 1
if (pass == 2) load 'bars-sizes-2.gp'
