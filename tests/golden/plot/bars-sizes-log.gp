# Draws bars-sizes-log.svg and bars-sizes-log.png from bars-sizes-log.dat. In this folder: gnuplot bars-sizes-log.gp
data = 'bars-sizes-log.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,896 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-sizes-log.svg'
if (pass == 2) set terminal pngcairo size 1600,896 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-sizes-log.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "bandwidth: upload by payload size" at screen 0.02250,0.95759 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "upload of random bytes, 1 connection, 8 trials of 10 uploads; more is better" at screen 0.02250,0.91741 left font ',17' textcolor rgb '#555555' noenhanced front
set multiplot

# panel 0
set lmargin at screen 0.30509
set rmargin at screen 0.51339
set tmargin at screen 0.84821
set bmargin at screen 0.49330
unit = 1
set logscale x
set xrange [1048576:1.60354532e+10] noextend
set yrange [9.62903226:-0.629032258] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("" 1048576, "" 16777216, "" 268435456)
set label "1 KiB" at screen 0.30634,0.86496 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.29759,0.82645 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.27 MiB/s" at first 1327160.45,0 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.29759,0.79185 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.28 MiB/s" at first 2394468.28,1 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/python" at screen 0.29759,0.75725 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.19 MiB/s" at first 2298366.28,2 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/python" at screen 0.29759,0.72266 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.50 MiB/s" at first 1571466.3,3 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.29759,0.68806 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.91 MiB/s" at first 2006918.41,4 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.29759,0.65346 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.55 MiB/s" at first 1628342.01,5 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/native" at screen 0.29759,0.61886 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.27 MiB/s" at first 2383130.41,6 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/native" at screen 0.29759,0.58426 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.88 MiB/s" at first 1976457.45,7 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/python" at screen 0.29759,0.54967 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.00 MiB/s" at first 1051544.05,8 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/python" at screen 0.29759,0.51507 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.23 MiB/s" at first 1286618.92,9 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 0 every ::0::0 using ($2/unit):(0) with points pointtype 7 pointsize 2.0 linecolor rgb '#0072b2' notitle, \
     data index 0 every ::1::1 using ($2/unit):(1) with points pointtype 7 pointsize 2.0 linecolor rgb '#d55e00' notitle, \
     data index 0 every ::2::2 using ($2/unit):(2) with points pointtype 7 pointsize 2.0 linecolor rgb '#009e73' notitle, \
     data index 0 every ::3::3 using ($2/unit):(3) with points pointtype 7 pointsize 2.0 linecolor rgb '#cc79a7' notitle, \
     data index 0 every ::4::4 using ($2/unit):(4) with points pointtype 7 pointsize 2.0 linecolor rgb '#e69f00' notitle, \
     data index 0 every ::5::5 using ($2/unit):(5) with points pointtype 7 pointsize 2.0 linecolor rgb '#56b4e9' notitle, \
     data index 0 every ::6::6 using ($2/unit):(6) with points pointtype 7 pointsize 2.0 linecolor rgb '#333333' notitle, \
     data index 0 every ::7::7 using ($2/unit):(7) with points pointtype 7 pointsize 2.0 linecolor rgb '#00446b' notitle, \
     data index 0 every ::8::8 using ($2/unit):(8) with points pointtype 7 pointsize 2.0 linecolor rgb '#8a3d00' notitle, \
     data index 0 every ::9::9 using ($2/unit):(9) with points pointtype 7 pointsize 2.0 linecolor rgb '#00573f' notitle
unset label
unset arrow

# panel 1
set lmargin at screen 0.53464
set rmargin at screen 0.74295
set tmargin at screen 0.84821
set bmargin at screen 0.49330
unit = 1
set logscale x
set xrange [1048576:1.60354532e+10] noextend
set yrange [9.62903226:-0.629032258] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("" 1048576, "" 16777216, "" 268435456)
set label "10 KiB" at screen 0.53589,0.86496 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "9.50 MiB/s" at first 9961075.63,0 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "7.35 MiB/s" at first 7709354.72,1 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "10.1 MiB/s" at first 10555224,2 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "7.89 MiB/s" at first 8277724.49,3 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "8.38 MiB/s" at first 8784549.61,4 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "6.23 MiB/s" at first 6532221.31,5 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "10.2 MiB/s" at first 10673648.8,6 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "8.97 MiB/s" at first 9400550.59,7 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "5.44 MiB/s" at first 5703210.82,8 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "4.06 MiB/s" at first 4256462.14,9 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 1 every ::0::0 using ($2/unit):(0) with points pointtype 7 pointsize 2.0 linecolor rgb '#0072b2' notitle, \
     data index 1 every ::1::1 using ($2/unit):(1) with points pointtype 7 pointsize 2.0 linecolor rgb '#d55e00' notitle, \
     data index 1 every ::2::2 using ($2/unit):(2) with points pointtype 7 pointsize 2.0 linecolor rgb '#009e73' notitle, \
     data index 1 every ::3::3 using ($2/unit):(3) with points pointtype 7 pointsize 2.0 linecolor rgb '#cc79a7' notitle, \
     data index 1 every ::4::4 using ($2/unit):(4) with points pointtype 7 pointsize 2.0 linecolor rgb '#e69f00' notitle, \
     data index 1 every ::5::5 using ($2/unit):(5) with points pointtype 7 pointsize 2.0 linecolor rgb '#56b4e9' notitle, \
     data index 1 every ::6::6 using ($2/unit):(6) with points pointtype 7 pointsize 2.0 linecolor rgb '#333333' notitle, \
     data index 1 every ::7::7 using ($2/unit):(7) with points pointtype 7 pointsize 2.0 linecolor rgb '#00446b' notitle, \
     data index 1 every ::8::8 using ($2/unit):(8) with points pointtype 7 pointsize 2.0 linecolor rgb '#8a3d00' notitle, \
     data index 1 every ::9::9 using ($2/unit):(9) with points pointtype 7 pointsize 2.0 linecolor rgb '#00573f' notitle
unset label
unset arrow

# panel 2
set lmargin at screen 0.76420
set rmargin at screen 0.97250
set tmargin at screen 0.84821
set bmargin at screen 0.49330
unit = 1
set logscale x
set xrange [1048576:1.60354532e+10] noextend
set yrange [9.62903226:-0.629032258] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("1 MiB/s" 1048576, "16 MiB/s" 16777216, "256 MiB/s" 268435456)
set label "bytes uploaded in a second, log scale" at screen 0.86835,0.44196 center font ',17' textcolor rgb '#555555' noenhanced front
set label "100 KiB" at screen 0.76545,0.86496 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "13.2 MiB/s" at first 13878834.9,0 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "18.6 MiB/s" at first 19454440.8,1 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "45.8 MiB/s" at first 47993369.8,2 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "15.4 MiB/s" at first 16096772,3 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "33.8 MiB/s" at first 35441288.4,4 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "18.9 MiB/s" at first 19856362.5,5 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "17.7 MiB/s" at first 18548521.7,6 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "26.4 MiB/s" at first 27698537.4,7 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "19.2 MiB/s" at first 20132414,8 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "21.2 MiB/s" at first 22273558.4,9 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 2 every ::0::0 using ($2/unit):(0) with points pointtype 7 pointsize 2.0 linecolor rgb '#0072b2' notitle, \
     data index 2 every ::1::1 using ($2/unit):(1) with points pointtype 7 pointsize 2.0 linecolor rgb '#d55e00' notitle, \
     data index 2 every ::2::2 using ($2/unit):(2) with points pointtype 7 pointsize 2.0 linecolor rgb '#009e73' notitle, \
     data index 2 every ::3::3 using ($2/unit):(3) with points pointtype 7 pointsize 2.0 linecolor rgb '#cc79a7' notitle, \
     data index 2 every ::4::4 using ($2/unit):(4) with points pointtype 7 pointsize 2.0 linecolor rgb '#e69f00' notitle, \
     data index 2 every ::5::5 using ($2/unit):(5) with points pointtype 7 pointsize 2.0 linecolor rgb '#56b4e9' notitle, \
     data index 2 every ::6::6 using ($2/unit):(6) with points pointtype 7 pointsize 2.0 linecolor rgb '#333333' notitle, \
     data index 2 every ::7::7 using ($2/unit):(7) with points pointtype 7 pointsize 2.0 linecolor rgb '#00446b' notitle, \
     data index 2 every ::8::8 using ($2/unit):(8) with points pointtype 7 pointsize 2.0 linecolor rgb '#8a3d00' notitle, \
     data index 2 every ::9::9 using ($2/unit):(9) with points pointtype 7 pointsize 2.0 linecolor rgb '#00573f' notitle
unset label
unset arrow

# panel 3
set lmargin at screen 0.30509
set rmargin at screen 0.51339
set tmargin at screen 0.44643
set bmargin at screen 0.09152
unit = 1
set logscale x
set xrange [1048576:1.60354532e+10] noextend
set yrange [9.62903226:-0.629032258] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("1 MiB/s" 1048576, "16 MiB/s" 16777216, "256 MiB/s" 268435456)
set label "bytes uploaded in a second, log scale" at screen 0.40924,0.04018 center font ',17' textcolor rgb '#555555' noenhanced front
set label "1 MiB" at screen 0.30634,0.46317 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.29759,0.42467 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "79.1 MiB/s" at first 82982555.3,0 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.29759,0.39007 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "54.2 MiB/s" at first 56861274.1,1 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/python" at screen 0.29759,0.35547 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "90.5 MiB/s" at first 94909542.8,2 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/python" at screen 0.29759,0.32087 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "143 MiB/s" at first 150341592,3 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.29759,0.28627 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "111 MiB/s" at first 115983043,4 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.29759,0.25167 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "128 MiB/s" at first 134070180,5 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/native" at screen 0.29759,0.21708 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "179 MiB/s" at first 188168427,6 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/native" at screen 0.29759,0.18248 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "64.2 MiB/s" at first 67300767.2,7 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/python" at screen 0.29759,0.14788 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "104 MiB/s" at first 108706056,8 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/python" at screen 0.29759,0.11328 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "79.6 MiB/s" at first 83442726.8,9 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 3 every ::0::0 using ($2/unit):(0) with points pointtype 7 pointsize 2.0 linecolor rgb '#0072b2' notitle, \
     data index 3 every ::1::1 using ($2/unit):(1) with points pointtype 7 pointsize 2.0 linecolor rgb '#d55e00' notitle, \
     data index 3 every ::2::2 using ($2/unit):(2) with points pointtype 7 pointsize 2.0 linecolor rgb '#009e73' notitle, \
     data index 3 every ::3::3 using ($2/unit):(3) with points pointtype 7 pointsize 2.0 linecolor rgb '#cc79a7' notitle, \
     data index 3 every ::4::4 using ($2/unit):(4) with points pointtype 7 pointsize 2.0 linecolor rgb '#e69f00' notitle, \
     data index 3 every ::5::5 using ($2/unit):(5) with points pointtype 7 pointsize 2.0 linecolor rgb '#56b4e9' notitle, \
     data index 3 every ::6::6 using ($2/unit):(6) with points pointtype 7 pointsize 2.0 linecolor rgb '#333333' notitle, \
     data index 3 every ::7::7 using ($2/unit):(7) with points pointtype 7 pointsize 2.0 linecolor rgb '#00446b' notitle, \
     data index 3 every ::8::8 using ($2/unit):(8) with points pointtype 7 pointsize 2.0 linecolor rgb '#8a3d00' notitle, \
     data index 3 every ::9::9 using ($2/unit):(9) with points pointtype 7 pointsize 2.0 linecolor rgb '#00573f' notitle
unset label
unset arrow

# panel 4
set lmargin at screen 0.53464
set rmargin at screen 0.74295
set tmargin at screen 0.44643
set bmargin at screen 0.09152
unit = 1
set logscale x
set xrange [1048576:1.60354532e+10] noextend
set yrange [9.62903226:-0.629032258] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("1 MiB/s" 1048576, "16 MiB/s" 16777216, "256 MiB/s" 268435456)
set label "bytes uploaded in a second, log scale" at screen 0.63879,0.04018 center font ',17' textcolor rgb '#555555' noenhanced front
set label "10 MiB" at screen 0.53589,0.46317 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "815 MiB/s" at first 854332367,0 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "256 MiB/s" at first 268259633,1 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "856 MiB/s" at first 897495168,2 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "891 MiB/s" at first 934077651,3 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "670 MiB/s" at first 702906278,4 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "826 MiB/s" at first 866610200,5 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "769 MiB/s" at first 806852955,6 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "773 MiB/s" at first 811055361,7 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "474 MiB/s" at first 496930535,8 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "873 MiB/s" at first 915833547,9 left offset character 1.2,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 4 every ::0::0 using ($2/unit):(0) with points pointtype 7 pointsize 2.0 linecolor rgb '#0072b2' notitle, \
     data index 4 every ::1::1 using ($2/unit):(1) with points pointtype 7 pointsize 2.0 linecolor rgb '#d55e00' notitle, \
     data index 4 every ::2::2 using ($2/unit):(2) with points pointtype 7 pointsize 2.0 linecolor rgb '#009e73' notitle, \
     data index 4 every ::3::3 using ($2/unit):(3) with points pointtype 7 pointsize 2.0 linecolor rgb '#cc79a7' notitle, \
     data index 4 every ::4::4 using ($2/unit):(4) with points pointtype 7 pointsize 2.0 linecolor rgb '#e69f00' notitle, \
     data index 4 every ::5::5 using ($2/unit):(5) with points pointtype 7 pointsize 2.0 linecolor rgb '#56b4e9' notitle, \
     data index 4 every ::6::6 using ($2/unit):(6) with points pointtype 7 pointsize 2.0 linecolor rgb '#333333' notitle, \
     data index 4 every ::7::7 using ($2/unit):(7) with points pointtype 7 pointsize 2.0 linecolor rgb '#00446b' notitle, \
     data index 4 every ::8::8 using ($2/unit):(8) with points pointtype 7 pointsize 2.0 linecolor rgb '#8a3d00' notitle, \
     data index 4 every ::9::9 using ($2/unit):(9) with points pointtype 7 pointsize 2.0 linecolor rgb '#00573f' notitle
unset label
unset arrow
unset multiplot

unset output
pass = pass + 1
if (pass == 2) load 'bars-sizes-log.gp'
