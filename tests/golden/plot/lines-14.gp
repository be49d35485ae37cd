# Draws lines-14.svg and lines-14.png from lines-14.dat. In this folder: gnuplot lines-14.gp
data = 'lines-14.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,900 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'lines-14.svg'
if (pass == 2) set terminal pngcairo size 1600,900 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'lines-14.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "concurrent: throughput by number of clients" at screen 0.02250,0.95778 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "ping, closed loop, one request in flight per client, 8 trials; more is better" at screen 0.02250,0.91778 left font ',17' textcolor rgb '#555555' noenhanced front
set lmargin at screen 0.05485
set rmargin at screen 0.65866
set tmargin at screen 0.88000
set bmargin at screen 0.09333
xunit = 1
yunit = 1000
unset logscale
set logscale x
set xrange [0.864537231:148.056088] noextend
set yrange [0:60] noextend
set border 3 back linecolor rgb '#8c8c8c' linewidth 1
set grid xtics ytics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("1" 1, "2" 2, "4" 4, "8" 8, "16" 16, "32" 32, "64" 64, "128" 128)
set ytics scale 0 font ',17' textcolor rgb '#555555' ("0" 0, "10" 10, "20" 20, "30" 30, "40" 40, "50" 50, "60" 60)
set label "clients, log scale" at screen 0.35676,0.03556 center font ',17' textcolor rgb '#555555' noenhanced front
set label "requests per second (k/s)" at screen 0.02250,0.48667 center rotate by 90 font ',17' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.64657,0.83388 to screen 0.65866,0.83388 nohead linewidth 1.0 linecolor rgb '#777777' dashtype (1,3) front
set arrow from screen 0.65866,0.83388 to screen 0.67241,0.83388 nohead linewidth 1.0 linecolor rgb '#777777' dashtype solid front
set arrow from screen 0.67491,0.83388 to screen 0.70241,0.83388 nohead linewidth 1.4 linecolor rgb '#777777' dashtype solid front
set label '' at screen 0.68866,0.83388 point pointtype 15 pointsize 0.9 linecolor rgb '#777777' front
set label "tcp/threaded/native" at screen 0.70866,0.83388 left font ',19' textcolor rgb '#555555' noenhanced front
set arrow from screen 0.64657,0.48052 to screen 0.65866,0.48052 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype (1,3) front
set arrow from screen 0.65866,0.48052 to screen 0.67241,0.49006 nohead linewidth 1.0 linecolor rgb '#cc79a7' dashtype solid front
set arrow from screen 0.67491,0.49006 to screen 0.70241,0.49006 nohead linewidth 2.6 linecolor rgb '#cc79a7' dashtype solid front
set label '' at screen 0.68866,0.49006 point pointtype 11 pointsize 1.3 linecolor rgb '#cc79a7' front
set label "rpyc/forking/python" at screen 0.70866,0.49006 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.46961 to screen 0.65866,0.46961 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype (1,3) front
set arrow from screen 0.65866,0.46961 to screen 0.67241,0.46006 nohead linewidth 1.0 linecolor rgb '#0072b2' dashtype solid front
set arrow from screen 0.67491,0.46006 to screen 0.70241,0.46006 nohead linewidth 2.6 linecolor rgb '#0072b2' dashtype solid front
set label '' at screen 0.68866,0.46006 point pointtype 7 pointsize 1.3 linecolor rgb '#0072b2' front
set label "rpyc/threaded/native" at screen 0.70866,0.46006 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.33023 to screen 0.65866,0.33023 nohead linewidth 1.0 linecolor rgb '#e69f00' dashtype (1,3) front
set arrow from screen 0.65866,0.33023 to screen 0.67241,0.40833 nohead linewidth 1.0 linecolor rgb '#e69f00' dashtype solid front
set arrow from screen 0.67491,0.40833 to screen 0.70241,0.40833 nohead linewidth 2.6 linecolor rgb '#e69f00' dashtype solid front
set label '' at screen 0.68866,0.40833 point pointtype 13 pointsize 1.3 linecolor rgb '#e69f00' front
set label "rpyc[call=cached]/threaded/python" at screen 0.70866,0.40833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.32621 to screen 0.65866,0.32621 nohead linewidth 1.0 linecolor rgb '#56b4e9' dashtype (1,3) front
set arrow from screen 0.65866,0.32621 to screen 0.67241,0.37833 nohead linewidth 1.0 linecolor rgb '#56b4e9' dashtype solid front
set arrow from screen 0.67491,0.37833 to screen 0.70241,0.37833 nohead linewidth 2.6 linecolor rgb '#56b4e9' dashtype solid front
set label '' at screen 0.68866,0.37833 point pointtype 1 pointsize 1.3 linecolor rgb '#56b4e9' front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.70866,0.37833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.30178 to screen 0.65866,0.30178 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype (1,3) front
set arrow from screen 0.65866,0.30178 to screen 0.67241,0.34833 nohead linewidth 1.0 linecolor rgb '#d55e00' dashtype solid front
set arrow from screen 0.67491,0.34833 to screen 0.70241,0.34833 nohead linewidth 2.6 linecolor rgb '#d55e00' dashtype solid front
set label '' at screen 0.68866,0.34833 point pointtype 5 pointsize 1.3 linecolor rgb '#d55e00' front
set label "rpyc/forking/native" at screen 0.70866,0.34833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.28886 to screen 0.65866,0.28886 nohead linewidth 1.0 linecolor rgb '#85406a' dashtype (1,3) front
set arrow from screen 0.65866,0.28886 to screen 0.67241,0.31833 nohead linewidth 1.0 linecolor rgb '#85406a' dashtype solid front
set arrow from screen 0.67491,0.31833 to screen 0.70241,0.31833 nohead linewidth 2.6 linecolor rgb '#85406a' dashtype (10,5) front
set label '' at screen 0.68866,0.31833 point pointtype 10 pointsize 1.3 linecolor rgb '#85406a' front
set label "http/threaded/gunicorn" at screen 0.70866,0.31833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.27512 to screen 0.65866,0.27512 nohead linewidth 1.0 linecolor rgb '#00573f' dashtype (1,3) front
set arrow from screen 0.65866,0.27512 to screen 0.67241,0.28833 nohead linewidth 1.0 linecolor rgb '#00573f' dashtype solid front
set arrow from screen 0.67491,0.28833 to screen 0.70241,0.28833 nohead linewidth 2.6 linecolor rgb '#00573f' dashtype (10,5) front
set label '' at screen 0.68866,0.28833 point pointtype 8 pointsize 1.3 linecolor rgb '#00573f' front
set label "http/forking/python" at screen 0.70866,0.28833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.27124 to screen 0.65866,0.27124 nohead linewidth 1.0 linecolor rgb '#00446b' dashtype (1,3) front
set arrow from screen 0.65866,0.27124 to screen 0.67241,0.25833 nohead linewidth 1.0 linecolor rgb '#00446b' dashtype solid front
set arrow from screen 0.67491,0.25833 to screen 0.70241,0.25833 nohead linewidth 2.6 linecolor rgb '#00446b' dashtype (10,5) front
set label '' at screen 0.68866,0.25833 point pointtype 6 pointsize 1.3 linecolor rgb '#00446b' front
set label "http/forking/native" at screen 0.70866,0.25833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.22678 to screen 0.65866,0.22678 nohead linewidth 1.0 linecolor rgb '#9a6a00' dashtype (1,3) front
set arrow from screen 0.65866,0.22678 to screen 0.67241,0.22833 nohead linewidth 1.0 linecolor rgb '#9a6a00' dashtype solid front
set arrow from screen 0.67491,0.22833 to screen 0.70241,0.22833 nohead linewidth 2.6 linecolor rgb '#9a6a00' dashtype (10,5) front
set label '' at screen 0.68866,0.22833 point pointtype 12 pointsize 1.3 linecolor rgb '#9a6a00' front
set label "http/forking/gunicorn" at screen 0.70866,0.22833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.22174 to screen 0.65866,0.22174 nohead linewidth 1.0 linecolor rgb '#333333' dashtype (1,3) front
set arrow from screen 0.65866,0.22174 to screen 0.67241,0.19833 nohead linewidth 1.0 linecolor rgb '#333333' dashtype solid front
set arrow from screen 0.67491,0.19833 to screen 0.70241,0.19833 nohead linewidth 2.6 linecolor rgb '#333333' dashtype solid front
set label '' at screen 0.68866,0.19833 point pointtype 2 pointsize 1.3 linecolor rgb '#333333' front
set label "http/threaded/native" at screen 0.70866,0.19833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.21738 to screen 0.65866,0.21738 nohead linewidth 1.0 linecolor rgb '#8a3d00' dashtype (1,3) front
set arrow from screen 0.65866,0.21738 to screen 0.67241,0.16833 nohead linewidth 1.0 linecolor rgb '#8a3d00' dashtype solid front
set arrow from screen 0.67491,0.16833 to screen 0.70241,0.16833 nohead linewidth 2.6 linecolor rgb '#8a3d00' dashtype (10,5) front
set label '' at screen 0.68866,0.16833 point pointtype 4 pointsize 1.3 linecolor rgb '#8a3d00' front
set label "http/threaded/python" at screen 0.70866,0.16833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.16550 to screen 0.65866,0.16550 nohead linewidth 1.0 linecolor rgb '#27749f' dashtype (1,3) front
set arrow from screen 0.65866,0.16550 to screen 0.67241,0.13833 nohead linewidth 1.0 linecolor rgb '#27749f' dashtype solid front
set arrow from screen 0.67491,0.13833 to screen 0.70241,0.13833 nohead linewidth 2.6 linecolor rgb '#27749f' dashtype (10,5) front
set label '' at screen 0.68866,0.13833 point pointtype 3 pointsize 1.3 linecolor rgb '#27749f' front
set label "http[keepalive=off]/threaded/python" at screen 0.70866,0.13833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set arrow from screen 0.64657,0.16357 to screen 0.65866,0.16357 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype (1,3) front
set arrow from screen 0.65866,0.16357 to screen 0.67241,0.10833 nohead linewidth 1.0 linecolor rgb '#009e73' dashtype solid front
set arrow from screen 0.67491,0.10833 to screen 0.70241,0.10833 nohead linewidth 2.6 linecolor rgb '#009e73' dashtype solid front
set label '' at screen 0.68866,0.10833 point pointtype 9 pointsize 1.3 linecolor rgb '#009e73' front
set label "rpyc/threaded/python" at screen 0.70866,0.10833 left font ',19' textcolor rgb '#1a1a1a' noenhanced front

plot data index 0 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 7 pointsize 1.3 pointinterval 1 linecolor rgb '#0072b2' notitle, \
     data index 0 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#0072b2' notitle, \
     data index 1 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 5 pointsize 1.3 pointinterval 1 linecolor rgb '#d55e00' notitle, \
     data index 1 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#d55e00' notitle, \
     data index 2 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 9 pointsize 1.3 pointinterval 1 linecolor rgb '#009e73' notitle, \
     data index 2 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#009e73' notitle, \
     data index 3 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 11 pointsize 1.3 pointinterval 1 linecolor rgb '#cc79a7' notitle, \
     data index 3 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#cc79a7' notitle, \
     data index 4 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 13 pointsize 1.3 pointinterval 1 linecolor rgb '#e69f00' notitle, \
     data index 4 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#e69f00' notitle, \
     data index 5 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 1 pointsize 1.3 pointinterval 1 linecolor rgb '#56b4e9' notitle, \
     data index 5 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#56b4e9' notitle, \
     data index 6 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype solid pointtype 2 pointsize 1.3 pointinterval 1 linecolor rgb '#333333' notitle, \
     data index 6 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#333333' notitle, \
     data index 7 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 6 pointsize 1.3 pointinterval 1 linecolor rgb '#00446b' notitle, \
     data index 7 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#00446b' notitle, \
     data index 8 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 4 pointsize 1.3 pointinterval 1 linecolor rgb '#8a3d00' notitle, \
     data index 8 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#8a3d00' notitle, \
     data index 9 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 8 pointsize 1.3 pointinterval 1 linecolor rgb '#00573f' notitle, \
     data index 9 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#00573f' notitle, \
     data index 10 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 10 pointsize 1.3 pointinterval 1 linecolor rgb '#85406a' notitle, \
     data index 10 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#85406a' notitle, \
     data index 11 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 12 pointsize 1.3 pointinterval 1 linecolor rgb '#9a6a00' notitle, \
     data index 11 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#9a6a00' notitle, \
     data index 12 using ($1/xunit):($2/yunit) with linespoints linewidth 2.6 dashtype (10,5) pointtype 3 pointsize 1.3 pointinterval 1 linecolor rgb '#27749f' notitle, \
     data index 12 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#27749f' notitle, \
     data index 13 using ($1/xunit):($2/yunit) with linespoints linewidth 1.4 dashtype solid pointtype 15 pointsize 0.9 pointinterval 1 linecolor rgb '#777777' notitle, \
     data index 13 using ($1/xunit):($3/yunit):(0):(($4-$3)/yunit) with vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '#777777' notitle

unset output
pass = pass + 1
if (pass == 2) load 'lines-14.gp'
