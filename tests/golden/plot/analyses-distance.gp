# Draws distance.svg and distance.png from distance.dat. In this folder: gnuplot distance.gp
data = 'distance.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'distance.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'distance.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "latency, ping: response time by distance" at screen 0.02250,0.95778 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "closed loop, 1 connection; marks: means with their 95 % interval over trials; dashed: expected, the mean without distance plus waits times distance; less is better" at screen 0.02250,0.91778 left font ',17' textcolor rgb '#555555' noenhanced front
set lmargin at screen 0.07759
set rmargin at screen 0.75794
set tmargin at screen 0.88000
set bmargin at screen 0.09333
xunit = 1
yunit = 1
unset logscale
set logscale x
set logscale y
set xrange [2.5e-05:0.0114815362] noextend
set yrange [2e-05:0.05] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("100 µs" 0.0001, "1 ms" 0.001, "10 ms" 0.01)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("20 µs" 2e-05, "50 µs" 5e-05, "100 µs" 0.0001, "200 µs" 0.0002, "500 µs" 0.0005, "1 ms" 0.001, "2 ms" 0.002, "5 ms" 0.005, "10 ms" 0.01, "20 ms" 0.02, "50 ms" 0.05)
set label "round-trip time between client and server, log scale" at screen 0.41776,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "response time, mean, log scale" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.74760,0.78892 to screen 0.75794,0.78892 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype (1,3) front
set arrow from screen 0.75794,0.78892 to screen 0.77169,0.78892 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype solid front
set arrow from screen 0.77419,0.78892 to screen 0.80169,0.78892 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.78794,0.78892 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/python" at screen 0.80794,0.78892 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.74760,0.72203 to screen 0.75794,0.72203 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype (1,3) front
set arrow from screen 0.75794,0.72203 to screen 0.77169,0.73520 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype solid front
set arrow from screen 0.77419,0.73520 to screen 0.80169,0.73520 nohead linewidth 2.6 linecolor rgb '#d55e00' dashtype solid front
set label '' at screen 0.78794,0.73520 point pointtype 5 pointsize 1.3 linecolor rgb '#d55e00' front
set label "http-raw/threaded/python" at screen 0.80794,0.73520 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.74760,0.71838 to screen 0.75794,0.71838 nohead linewidth 1.0 linecolor rgb '#a0a0a0' dashtype (1,3) front
set arrow from screen 0.75794,0.71838 to screen 0.77169,0.70520 nohead linewidth 1.0 linecolor rgb '#a0a0a0' dashtype solid front
set arrow from screen 0.77419,0.70520 to screen 0.80169,0.70520 nohead linewidth 1.4 linecolor rgb '#a0a0a0' dashtype solid front
set label '' at screen 0.78794,0.70520 point pointtype 13 pointsize 0.9 linecolor rgb '#a0a0a0' front
set label "tcp/threaded/native" at screen 0.80794,0.70520 left font ',19' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.49203,0.55120 to screen 0.75794,0.55120 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype (1,3) front
set arrow from screen 0.75794,0.55120 to screen 0.77169,0.56486 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype solid front
set arrow from screen 0.77419,0.56486 to screen 0.80169,0.56486 nohead linewidth 2.6 linecolor rgb '#cc79a7' dashtype solid front
set label '' at screen 0.78794,0.56486 point pointtype 11 pointsize 1.3 linecolor rgb '#cc79a7' front
set label "http/threaded/python/python" at screen 0.80794,0.56486 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.49203,0.54852 to screen 0.75794,0.54852 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype (1,3) front
set arrow from screen 0.75794,0.54852 to screen 0.77169,0.53486 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype solid front
set arrow from screen 0.77419,0.53486 to screen 0.80169,0.53486 nohead linewidth 2.6 linecolor rgb '#009e73' dashtype solid front
set label '' at screen 0.78794,0.53486 point pointtype 9 pointsize 1.3 linecolor rgb '#009e73' front
set label "rpyc/threaded/python/python" at screen 0.80794,0.53486 left font ',19' textcolor rgb '#1a1a1a' noenhanced front

plot data index 0 using ($1/xunit):($2/yunit) with points pointtype 7 pointsize 1.6 linecolor rgb '#0072b2' notitle, \
     data index 0 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#0072b2' notitle, \
     data index 1 using ($1/xunit):($2/yunit) with lines linewidth 1.4 dashtype (8,5) linecolor rgb '#0072b2' notitle, \
     data index 2 using ($1/xunit):($2/yunit) with points pointtype 5 pointsize 1.6 linecolor rgb '#d55e00' notitle, \
     data index 2 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#d55e00' notitle, \
     data index 3 using ($1/xunit):($2/yunit) with lines linewidth 1.4 dashtype (8,5) linecolor rgb '#d55e00' notitle, \
     data index 4 using ($1/xunit):($2/yunit) with points pointtype 9 pointsize 1.6 linecolor rgb '#009e73' notitle, \
     data index 4 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#009e73' notitle, \
     data index 5 using ($1/xunit):($2/yunit) with lines linewidth 1.4 dashtype (8,5) linecolor rgb '#009e73' notitle, \
     data index 6 using ($1/xunit):($2/yunit) with points pointtype 11 pointsize 1.6 linecolor rgb '#cc79a7' notitle, \
     data index 6 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#cc79a7' notitle, \
     data index 7 using ($1/xunit):($2/yunit) with lines linewidth 1.4 dashtype (8,5) linecolor rgb '#cc79a7' notitle, \
     data index 8 using ($1/xunit):($2/yunit) with points pointtype 13 pointsize 1.2 linecolor rgb '#a0a0a0' notitle, \
     data index 8 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#a0a0a0' notitle, \
     data index 9 using ($1/xunit):($2/yunit) with lines linewidth 1.4 dashtype (8,5) linecolor rgb '#a0a0a0' notitle

unset output
pass = pass + 1
if (pass == 2) load 'distance.gp'
