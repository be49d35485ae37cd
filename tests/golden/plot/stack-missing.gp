# Draws stack-missing.svg and stack-missing.png from stack-missing.dat. In this folder: gnuplot stack-missing.gp
data = 'stack-missing.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,414 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'stack-missing.svg'
if (pass == 2) set terminal pngcairo size 1600,414 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'stack-missing.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency: where the time of a call goes" at screen 0.02250,0.90821 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, 1 connection, means over 8 trials" at screen 0.02250,0.82126 left font ',17' textcolor rgb '#555555' noenhanced front
set object rectangle from screen 0.02250,0.70048 to screen 0.03375,0.74396 front fillstyle solid noborder fillcolor rgb '#0072b2'
set label "client CPU" at screen 0.03938,0.72222 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.12119,0.70048 to screen 0.13244,0.74396 front fillstyle solid noborder fillcolor rgb '#d55e00'
set label "wire and kernel" at screen 0.13806,0.72222 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.25170,0.70048 to screen 0.26295,0.74396 front fillstyle solid noborder fillcolor rgb '#009e73'
set label "waiting in the server" at screen 0.26858,0.72222 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set object rectangle from screen 0.41237,0.70048 to screen 0.42362,0.74396 front fillstyle solid noborder fillcolor rgb '#cc79a7'
set label "server CPU" at screen 0.42925,0.72222 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set lmargin at screen 0.16045
set rmargin at screen 0.97250
set tmargin at screen 0.66184
set bmargin at screen 0.19807
unit = 1e-06
unset logscale
set xrange [0:393.631982] noextend
set yrange [3.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "50" 50, "100" 100, "150" 150, "200" 200, "250" 250, "300" 300, "350" 350)
set label "time of a call (µs)" at screen 0.56648,0.08696 center font ',17' textcolor rgb '#555555' noenhanced front
set label "rpyc/threaded/native" at screen 0.15295,0.59662 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.227 ms" at first 226.629898,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "23.5 µs" at first 11.7716045,0 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.106 ms" at first 76.6211596,0 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "51.8 µs" at first 155.599262,0 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "45.1 µs" at first 204.064656,0 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "rpyc/forking/native" at screen 0.15295,0.48551 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.192 ms  (wire and kernel: n/a)" at first 192.361204,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "42.3 µs" at first 21.1388083,1 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "98.7 µs" at first 91.6085627,1 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "51.4 µs" at first 166.650356,1 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
set label "rpyc/threaded/python" at screen 0.15295,0.37440 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "n/a" at first 0,2 left offset character 0.6,0 font ',17' textcolor rgb '#8c8c8c' noenhanced front
set label "rpyc/forking/python" at screen 0.15295,0.26329 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.314 ms  (2 of 4 parts: n/a)" at first 314.295421,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "0.182 ms" at first 91.1856258,3 center offset character 0,0 font ',17' textcolor rgb '#ffffff' noenhanced front
set label "0.132 ms" at first 248.333336,3 center offset character 0,0 font ',17' textcolor rgb '#000000' noenhanced front
plot data index 0 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#0072b2' notitle, \
     data index 1 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#d55e00' notitle, \
     data index 2 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#009e73' notitle, \
     data index 3 using ($2/unit):1:($2/unit):($3/unit):($1-0.36):($1+0.36) with boxxyerror fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '#cc79a7' notitle

unset output
pass = pass + 1
if (pass == 2) load 'stack-missing.gp'
