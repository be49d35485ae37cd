# Draws bars-14.svg and bars-14.png from bars-14.dat. In this folder: gnuplot bars-14.gp
data = 'bars-14.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,810 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-14.svg'
if (pass == 2) set terminal pngcairo size 1600,810 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-14.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: response time of one call, median" at screen 0.02250,0.95309 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, 1 connection, 8 trials of 1000 requests; bars at the ends: 95 % interval over trials; less is better" at screen 0.02250,0.90864 left font ',17' textcolor rgb '#555555' noenhanced front

# panel 0
set lmargin at screen 0.30509
set rmargin at screen 0.97250
set tmargin at screen 0.87654
set bmargin at screen 0.10123
unit = 0.001
unset logscale
set xrange [0:1.10672358] noextend
set yrange [13.5903226:-0.590322581] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "0.2" 0.2, "0.4" 0.4, "0.6" 0.6, "0.8" 0.8, "1.0" 1)
set label "response time, p50 (ms)" at screen 0.63879,0.04444 center font ',17' textcolor rgb '#555555' noenhanced front
set label "rpyc/threaded/native" at screen 0.29759,0.84427 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.387 ms" at first 0.414327759,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.29759,0.78959 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.809 ms" at first 0.865358617,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/python" at screen 0.29759,0.73492 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.113 ms" at first 0.120478667,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/python" at screen 0.29759,0.68025 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.228 ms" at first 0.2443564,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.29759,0.62557 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.816 ms" at first 0.872820006,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.29759,0.57090 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.112 ms" at first 0.120282821,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/native" at screen 0.29759,0.51623 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.397 ms" at first 0.424270001,6 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/native" at screen 0.29759,0.46155 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.868 ms" at first 0.928236479,7 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/python" at screen 0.29759,0.40688 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.578 ms" at first 0.618948705,8 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/python" at screen 0.29759,0.35220 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.242 ms" at first 0.259148824,9 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/gunicorn" at screen 0.29759,0.29753 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "90.4 µs" at first 0.0967066432,10 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/gunicorn" at screen 0.29759,0.24286 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.112 ms" at first 0.119920344,11 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http[keepalive=off]/threaded/python" at screen 0.29759,0.18818 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.936 ms" at first 1.00129123,12 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "tcp/threaded/native" at screen 0.29759,0.13351 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "17.0 µs" at first 0.01819,13 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 0 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 0 every ::0::0 using ($3/unit):(0):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::0::0 using ($3/unit):(0):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 0 every ::1::1 using ($3/unit):(1):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::1::1 using ($3/unit):(1):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::2::2 using (0):(2):(0):($2/unit):(1.64):(2.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#009e73' notitle, \
     data index 0 every ::2::2 using ($3/unit):(2):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::2::2 using ($3/unit):(2):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 0 every ::3::3 using ($3/unit):(3):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::3::3 using ($3/unit):(3):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle, \
     data index 0 every ::4::4 using ($3/unit):(4):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::4::4 using ($3/unit):(4):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::5::5 using (0):(5):(0):($2/unit):(4.64):(5.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#56b4e9' notitle, \
     data index 0 every ::5::5 using ($3/unit):(5):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::5::5 using ($3/unit):(5):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::6::6 using (0):(6):(0):($2/unit):(5.64):(6.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#333333' notitle, \
     data index 0 every ::6::6 using ($3/unit):(6):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::6::6 using ($3/unit):(6):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::7::7 using (0):(7):(0):($2/unit):(6.64):(7.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00446b' notitle, \
     data index 0 every ::7::7 using ($3/unit):(7):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::7::7 using ($3/unit):(7):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::8::8 using (0):(8):(0):($2/unit):(7.64):(8.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#8a3d00' notitle, \
     data index 0 every ::8::8 using ($3/unit):(8):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::8::8 using ($3/unit):(8):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::9::9 using (0):(9):(0):($2/unit):(8.64):(9.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00573f' notitle, \
     data index 0 every ::9::9 using ($3/unit):(9):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::9::9 using ($3/unit):(9):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::10::10 using (0):(10):(0):($2/unit):(9.64):(10.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#85406a' notitle, \
     data index 0 every ::10::10 using ($3/unit):(10):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::10::10 using ($3/unit):(10):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::11::11 using (0):(11):(0):($2/unit):(10.64):(11.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#9a6a00' notitle, \
     data index 0 every ::11::11 using ($3/unit):(11):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::11::11 using ($3/unit):(11):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::12::12 using (0):(12):(0):($2/unit):(11.64):(12.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#27749f' notitle, \
     data index 0 every ::12::12 using ($3/unit):(12):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::12::12 using ($3/unit):(12):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle, \
     data index 0 every ::13::13 using (0):(13):(0):($2/unit):(12.80):(13.20) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#777777' notitle, \
     data index 0 every ::13::13 using ($3/unit):(13):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 4.0 linecolor rgb '#ffffff' notitle, \
     data index 0 every ::13::13 using ($3/unit):(13):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle
unset label
unset arrow

unset output
pass = pass + 1
if (pass == 2) load 'bars-14.gp'
