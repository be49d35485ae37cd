# Draws bars-missing.svg and bars-missing.png from bars-missing.dat. In this folder: gnuplot bars-missing.gp
data = 'bars-missing.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,884 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-missing.svg'
if (pass == 2) set terminal pngcairo size 1600,884 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-missing.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "bandwidth: upload by payload size" at screen 0.02250,0.95701 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "upload of random bytes, 1 connection, 8 trials of 10 uploads; more is better" at screen 0.02250,0.91629 left font ',17' textcolor rgb '#555555' noenhanced front
set multiplot
set label "each panel has its own scale" at screen 0.97250,0.01810 right font ',15' textcolor rgb '#8c8c8c' noenhanced front

# panel 0
set lmargin at screen 0.30509
set rmargin at screen 0.51339
set tmargin at screen 0.84615
set bmargin at screen 0.52489
unit = 1048576
unset logscale
set xrange [0:3.42769694] noextend
set yrange [5.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "1" 1, "2" 2, "3" 3)
set label "bytes uploaded in a second (MiB/s)" at screen 0.40924,0.47285 center font ',17' textcolor rgb '#555555' noenhanced front
set label "1 KiB" at screen 0.30634,0.86312 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.29759,0.81561 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.27 MiB/s" at first 1.26567884,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.29759,0.76357 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.28 MiB/s" at first 2.2835429,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/python" at screen 0.29759,0.71154 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,2 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "rpyc/forking/python" at screen 0.29759,0.65950 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.50 MiB/s" at first 1.49866705,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.29759,0.60747 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.91 MiB/s" at first 1.91394654,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.29759,0.55543 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.55 MiB/s" at first 1.55290795,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 0 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 0 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 0 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 0 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle, \
     data index 0 every ::5::5 using (0):(5):(0):($2/unit):(4.64):(5.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#56b4e9' notitle
unset label
unset arrow

# panel 1
set lmargin at screen 0.53464
set rmargin at screen 0.74295
set tmargin at screen 0.84615
set bmargin at screen 0.52489
unit = 1048576
unset logscale
set xrange [0:14.2593446] noextend
set yrange [5.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "5" 5, "10" 10)
set label "bytes uploaded in a second (MiB/s)" at screen 0.63879,0.47285 center font ',17' textcolor rgb '#555555' noenhanced front
set label "10 KiB" at screen 0.53589,0.86312 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "9.50 MiB/s" at first 9.49962199,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "7.35 MiB/s" at first 7.3522136,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,2 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "7.89 MiB/s" at first 7.89425325,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "8.38 MiB/s" at first 8.37759934,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "6.23 MiB/s" at first 6.22961169,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 1 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 1 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 1 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 1 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle, \
     data index 1 every ::5::5 using (0):(5):(0):($2/unit):(4.64):(5.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#56b4e9' notitle
unset label
unset arrow

# panel 2
set lmargin at screen 0.76420
set rmargin at screen 0.97250
set tmargin at screen 0.84615
set bmargin at screen 0.52489
unit = 1048576
unset logscale
set xrange [0:50.7344351] noextend
set yrange [5.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "20" 20, "40" 40)
set label "bytes uploaded in a second (MiB/s)" at screen 0.86835,0.47285 center font ',17' textcolor rgb '#555555' noenhanced front
set label "100 KiB" at screen 0.76545,0.86312 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "13.2 MiB/s" at first 13.2358884,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "18.6 MiB/s" at first 18.5532005,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,2 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "15.4 MiB/s" at first 15.3510781,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "33.8 MiB/s" at first 33.7994465,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,5 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
plot data index 2 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 2 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 2 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 2 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle
unset label
unset arrow

# panel 3
set lmargin at screen 0.30509
set rmargin at screen 0.51339
set tmargin at screen 0.41403
set bmargin at screen 0.09276
unit = 1048576
unset logscale
set xrange [0:210.068201] noextend
set yrange [5.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "100" 100, "200" 200)
set label "bytes uploaded in a second (MiB/s)" at screen 0.40924,0.04072 center font ',17' textcolor rgb '#555555' noenhanced front
set label "1 MiB" at screen 0.30634,0.43100 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.29759,0.38348 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "79.1 MiB/s" at first 79.1383317,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.29759,0.33145 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "54.2 MiB/s" at first 54.2271367,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/python" at screen 0.29759,0.27941 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,2 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "rpyc/forking/python" at screen 0.29759,0.22738 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "143 MiB/s" at first 143.376915,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.29759,0.17534 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,4 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.29759,0.12330 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,5 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
plot data index 3 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 3 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 3 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle
unset label
unset arrow

# panel 4
set lmargin at screen 0.53464
set rmargin at screen 0.74295
set tmargin at screen 0.41403
set bmargin at screen 0.09276
unit = 1
unset logscale
set xrange [0:1] noextend
set yrange [5.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
unset xtics
set label "10 MiB" at screen 0.53589,0.43100 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,0 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "n/a" at first 0,1 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "n/a" at first 0,2 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "n/a" at first 0,3 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "n/a" at first 0,4 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "n/a" at first 0,5 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
plot NaN notitle
unset label
unset arrow
unset multiplot

unset output
pass = pass + 1
if (pass == 2) load 'bars-missing.gp'
