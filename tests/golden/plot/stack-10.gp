# Draws stack-10.svg and stack-10.png from stack-10.dat. In this folder: gnuplot stack-10.gp
data = 'stack-10.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,690 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'stack-10.svg'
if (pass == 2) set terminal pngcairo size 1600,690 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'stack-10.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: where the time of a call goes" at screen 0.02250,0.94493 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, 1 connection, means over 8 trials" at screen 0.02250,0.89275 left font ',17' textcolor rgb '#555555' noenhanced front
set object rectangle from screen 0.02250,0.82029 to screen 0.03375,0.84638 front fillstyle solid noborder fillcolor rgb '#0072b2'
set label "client CPU" at screen 0.03938,0.83333 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.12119,0.82029 to screen 0.13244,0.84638 front fillstyle solid noborder fillcolor rgb '#d55e00'
set label "wire and kernel" at screen 0.13806,0.83333 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.25170,0.82029 to screen 0.26295,0.84638 front fillstyle solid noborder fillcolor rgb '#009e73'
set label "waiting in the server" at screen 0.26858,0.83333 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.41237,0.82029 to screen 0.42362,0.84638 front fillstyle solid noborder fillcolor rgb '#cc79a7'
set label "server CPU" at screen 0.42925,0.83333 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set lmargin at screen 0.30509
set rmargin at screen 0.97250
set tmargin at screen 0.79710
set bmargin at screen 0.11884
unit = 1e-06
unset logscale
set xrange [0:479.825519] noextend
set yrange [9.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "100" 100, "200" 200, "300" 300, "400" 400)
set label "time of a call (µs)" at screen 0.63879,0.05217 center font ',17' textcolor rgb '#555555' noenhanced front
set label "rpyc/threaded/native" at screen 0.29759,0.75797 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.227 ms" at first 226.629898,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.106 ms" at first 76.6211596,0 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "51.8 µs" at first 155.599262,0 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "45.1 µs" at first 204.064656,0 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "rpyc/forking/native" at screen 0.29759,0.69130 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.350 ms" at first 349.898097,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "42.3 µs" at first 21.1388083,1 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.158 ms" at first 121.046063,1 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "98.7 µs" at first 249.145456,1 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "51.4 µs" at first 324.187249,1 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "rpyc/threaded/python" at screen 0.29759,0.62464 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.353 ms" at first 353.031365,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.122 ms" at first 72.4242249,2 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "66.7 µs" at first 166.879698,2 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.153 ms" at first 276.639976,2 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "rpyc/forking/python" at screen 0.29759,0.55797 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.416 ms" at first 415.827924,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.182 ms" at first 107.668758,3 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "85.0 µs" at first 241.379069,3 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.132 ms" at first 349.86584,3 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.29759,0.49130 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.278 ms" at first 278.317725,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "42.6 µs" at first 21.2937696,4 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.133 ms" at first 109.00464,4 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "68.0 µs" at first 209.399674,4 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "34.9 µs" at first 260.847667,4 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.29759,0.42464 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.430 ms" at first 430.180954,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.118 ms" at first 70.5592921,5 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.214 ms" at first 236.962251,5 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "86.0 µs" at first 387.158188,5 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "http/threaded/native" at screen 0.29759,0.35797 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.258 ms" at first 257.600786,6 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "72.6 µs" at first 60.2381065,6 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.126 ms" at first 194.484436,6 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "http/forking/native" at screen 0.29759,0.29130 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.332 ms" at first 331.90626,7 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "44.9 µs" at first 22.4446828,7 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.127 ms" at first 108.583827,7 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "51.1 µs" at first 197.844893,7 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.108 ms" at first 277.658879,7 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "http/threaded/python" at screen 0.29759,0.22464 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.434 ms" at first 434.114799,8 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.201 ms" at first 132.649246,8 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.147 ms" at first 306.853838,8 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "53.7 µs" at first 407.283253,8 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "http/forking/python" at screen 0.29759,0.15797 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.335 ms" at first 334.646925,9 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.115 ms" at first 74.7408416,9 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "35.7 µs" at first 150.230534,9 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.167 ms" at first 251.361937,9 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
plot data index 0 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#0072b2' notitle, \
     data index 1 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#d55e00' notitle, \
     data index 2 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#009e73' notitle, \
     data index 3 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#cc79a7' notitle

unset output
pass = pass + 1
if (pass == 2) load 'stack-10.gp'
