# Draws bars-names.svg and bars-names.png from bars-names.dat. In this folder: gnuplot bars-names.gp
data = 'bars-names.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,466 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-names.svg'
if (pass == 2) set terminal pngcairo size 1600,466 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-names.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "it\047s \140date\140 \042title\042 with \134 \173braces\175_and\136carets \100macro %s and a second line" at screen 0.02250,0.91845 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "\047; set output \047/tmp/x\047; \043 \134" at screen 0.02250,0.84120 left font ',17' textcolor rgb '#555555' noenhanced front

# panel 0
set lmargin at screen 0.40625
set rmargin at screen 0.97250
set tmargin at screen 0.78541
set bmargin at screen 0.17597
unit = 1e-06
unset logscale
set xrange [0:983.220716] noextend
set yrange [5.58695652:-0.586956522] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "200" 200, "400" 400, "600" 600, "800" 800)
set label "it\047s a \047label\047 \173x\175_y \134 (µs)" at screen 0.68937,0.07725 center font ',17' textcolor rgb '#555555' noenhanced front
set label "it\047s a \047quoted\047 name" at screen 0.39875,0.72747 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.387 ms" at first 414.327759,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "back\134slash \134n \173a\175\136b_c \100d" at screen 0.39875,0.62876 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.809 ms" at first 865.358617,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "\042double\042 \140date\140 \044HOME %d%s" at screen 0.39875,0.53004 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.113 ms" at first 120.478667,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "two lines and a tab" at screen 0.39875,0.43133 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.228 ms" at first 244.3564,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "umlauts äöü, □□□, ?? bad bytes" at screen 0.39875,0.33262 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.816 ms" at first 872.820006,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "a name that is far too long for a…else]/threaded/python/native" at screen 0.39875,0.23391 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "0.112 ms" at first 120.282821,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
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
     data index 0 every ::5::5 using ($3/unit):(5):(($4-$3)/unit):(0) with vectors heads size screen 0.003,90 linewidth 1.6 linecolor rgb '#1a1a1a' notitle
unset label
unset arrow

unset output
pass = pass + 1
if (pass == 2) load 'bars-names.gp'
