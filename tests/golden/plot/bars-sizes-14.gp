# Draws bars-sizes-14.svg and bars-sizes-14.png from bars-sizes-14.dat. In this folder: gnuplot bars-sizes-14.gp
data = 'bars-sizes-14.dat'
set encoding utf8
set datafile separator "\t"

# The file loads itself once more at its end: the first pass is SVG, the second PNG.
if (!exists('pass')) pass = 1
if (pass == 1) set terminal svg size 1600,1088 noenhanced font 'DejaVu Sans,19' background '#ffffff'; set output 'bars-sizes-14.svg'
if (pass == 2) set terminal pngcairo size 1600,1088 noenhanced font 'DejaVu Sans,19' fontscale 0.75 background '#ffffff'; set output 'bars-sizes-14.png'

unset key
unset label
unset arrow
unset object
set style fill solid 1.0 noborder
set errorbars small
set label "bandwidth: upload by payload size" at screen 0.02250,0.96507 left font ',28' textcolor rgb '#1a1a1a' noenhanced front
set label "upload of random bytes, 1 connection, 8 trials of 10 uploads; more is better" at screen 0.02250,0.93199 left font ',17' textcolor rgb '#555555' noenhanced front
set multiplot
set label "each panel has its own scale" at screen 0.97250,0.01471 right font ',15' textcolor rgb '#8c8c8c' noenhanced front

# panel 0
set lmargin at screen 0.30509
set rmargin at screen 0.51339
set tmargin at screen 0.87500
set bmargin at screen 0.52022
unit = 1048576
unset logscale
set xrange [0:3.64716146] noextend
set yrange [13.6481481:-0.648148148] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "1" 1, "2" 2, "3" 3)
set label "bytes uploaded in a second (MiB/s)" at screen 0.40924,0.47794 center font ',17' textcolor rgb '#555555' noenhanced front
set label "1 KiB" at screen 0.30634,0.88879 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.29759,0.85892 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.27 MiB/s" at first 1.26567884,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.29759,0.83410 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.28 MiB/s" at first 2.2835429,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/python" at screen 0.29759,0.80928 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.19 MiB/s" at first 2.1918929,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/python" at screen 0.29759,0.78447 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.50 MiB/s" at first 1.49866705,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.29759,0.75965 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.91 MiB/s" at first 1.91394654,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.29759,0.73483 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.55 MiB/s" at first 1.55290795,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/native" at screen 0.29759,0.71002 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.27 MiB/s" at first 2.27273026,6 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/native" at screen 0.29759,0.68520 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.88 MiB/s" at first 1.88489671,7 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/python" at screen 0.29759,0.66039 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.00 MiB/s" at first 1.00283055,8 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/python" at screen 0.29759,0.63557 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.23 MiB/s" at first 1.22701542,9 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/gunicorn" at screen 0.29759,0.61075 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.69 MiB/s" at first 1.68987024,10 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/gunicorn" at screen 0.29759,0.58594 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "2.43 MiB/s" at first 2.42975088,11 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http[keepalive=off]/threaded/python" at screen 0.29759,0.56112 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "1.71 MiB/s" at first 1.7114322,12 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "tcp/threaded/native" at screen 0.29759,0.53631 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "844 KiB/s" at first 0.824261838,13 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 0 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 0 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 0 every ::2::2 using (0):(2):(0):($2/unit):(1.64):(2.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#009e73' notitle, \
     data index 0 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 0 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle, \
     data index 0 every ::5::5 using (0):(5):(0):($2/unit):(4.64):(5.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#56b4e9' notitle, \
     data index 0 every ::6::6 using (0):(6):(0):($2/unit):(5.64):(6.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#333333' notitle, \
     data index 0 every ::7::7 using (0):(7):(0):($2/unit):(6.64):(7.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00446b' notitle, \
     data index 0 every ::8::8 using (0):(8):(0):($2/unit):(7.64):(8.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#8a3d00' notitle, \
     data index 0 every ::9::9 using (0):(9):(0):($2/unit):(8.64):(9.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00573f' notitle, \
     data index 0 every ::10::10 using (0):(10):(0):($2/unit):(9.64):(10.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#85406a' notitle, \
     data index 0 every ::11::11 using (0):(11):(0):($2/unit):(10.64):(11.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#9a6a00' notitle, \
     data index 0 every ::12::12 using (0):(12):(0):($2/unit):(11.64):(12.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#27749f' notitle, \
     data index 0 every ::13::13 using (0):(13):(0):($2/unit):(12.80):(13.20) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#777777' notitle
unset label
unset arrow

# panel 1
set lmargin at screen 0.53464
set rmargin at screen 0.74295
set tmargin at screen 0.87500
set bmargin at screen 0.52022
unit = 1048576
unset logscale
set xrange [0:15.7687352] noextend
set yrange [13.6481481:-0.648148148] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "5" 5, "10" 10, "15" 15)
set label "bytes uploaded in a second (MiB/s)" at screen 0.63879,0.47794 center font ',17' textcolor rgb '#555555' noenhanced front
set label "10 KiB" at screen 0.53589,0.88879 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "9.50 MiB/s" at first 9.49962199,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "7.35 MiB/s" at first 7.3522136,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "10.1 MiB/s" at first 10.0662461,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "7.89 MiB/s" at first 7.89425325,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "8.38 MiB/s" at first 8.37759934,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "6.23 MiB/s" at first 6.22961169,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "10.2 MiB/s" at first 10.1791847,6 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "8.97 MiB/s" at first 8.96506366,7 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "5.44 MiB/s" at first 5.43900568,8 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "4.06 MiB/s" at first 4.05927862,9 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "2.76 MiB/s" at first 2.75658075,10 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "10.5 MiB/s" at first 10.5051829,11 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "9.97 MiB/s" at first 9.96860171,12 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "9.98 MiB/s" at first 9.97765723,13 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 1 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 1 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 1 every ::2::2 using (0):(2):(0):($2/unit):(1.64):(2.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#009e73' notitle, \
     data index 1 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 1 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle, \
     data index 1 every ::5::5 using (0):(5):(0):($2/unit):(4.64):(5.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#56b4e9' notitle, \
     data index 1 every ::6::6 using (0):(6):(0):($2/unit):(5.64):(6.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#333333' notitle, \
     data index 1 every ::7::7 using (0):(7):(0):($2/unit):(6.64):(7.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00446b' notitle, \
     data index 1 every ::8::8 using (0):(8):(0):($2/unit):(7.64):(8.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#8a3d00' notitle, \
     data index 1 every ::9::9 using (0):(9):(0):($2/unit):(8.64):(9.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00573f' notitle, \
     data index 1 every ::10::10 using (0):(10):(0):($2/unit):(9.64):(10.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#85406a' notitle, \
     data index 1 every ::11::11 using (0):(11):(0):($2/unit):(10.64):(11.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#9a6a00' notitle, \
     data index 1 every ::12::12 using (0):(12):(0):($2/unit):(11.64):(12.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#27749f' notitle, \
     data index 1 every ::13::13 using (0):(13):(0):($2/unit):(12.80):(13.20) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#777777' notitle
unset label
unset arrow

# panel 2
set lmargin at screen 0.76420
set rmargin at screen 0.97250
set tmargin at screen 0.87500
set bmargin at screen 0.52022
unit = 1048576
unset logscale
set xrange [0:68.7028213] noextend
set yrange [13.6481481:-0.648148148] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "20" 20, "40" 40, "60" 60)
set label "bytes uploaded in a second (MiB/s)" at screen 0.86835,0.47794 center font ',17' textcolor rgb '#555555' noenhanced front
set label "100 KiB" at screen 0.76545,0.88879 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "13.2 MiB/s" at first 13.2358884,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "18.6 MiB/s" at first 18.5532005,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "45.8 MiB/s" at first 45.7700441,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "15.4 MiB/s" at first 15.3510781,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "33.8 MiB/s" at first 33.7994465,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "18.9 MiB/s" at first 18.9365029,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "17.7 MiB/s" at first 17.6892487,6 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "26.4 MiB/s" at first 26.4153837,7 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "19.2 MiB/s" at first 19.1997662,8 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "21.2 MiB/s" at first 21.2417205,9 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "14.0 MiB/s" at first 14.0348783,10 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "21.9 MiB/s" at first 21.9251966,11 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "34.5 MiB/s" at first 34.4830061,12 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "13.9 MiB/s" at first 13.8714425,13 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 2 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 2 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 2 every ::2::2 using (0):(2):(0):($2/unit):(1.64):(2.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#009e73' notitle, \
     data index 2 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 2 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle, \
     data index 2 every ::5::5 using (0):(5):(0):($2/unit):(4.64):(5.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#56b4e9' notitle, \
     data index 2 every ::6::6 using (0):(6):(0):($2/unit):(5.64):(6.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#333333' notitle, \
     data index 2 every ::7::7 using (0):(7):(0):($2/unit):(6.64):(7.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00446b' notitle, \
     data index 2 every ::8::8 using (0):(8):(0):($2/unit):(7.64):(8.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#8a3d00' notitle, \
     data index 2 every ::9::9 using (0):(9):(0):($2/unit):(8.64):(9.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00573f' notitle, \
     data index 2 every ::10::10 using (0):(10):(0):($2/unit):(9.64):(10.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#85406a' notitle, \
     data index 2 every ::11::11 using (0):(11):(0):($2/unit):(10.64):(11.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#9a6a00' notitle, \
     data index 2 every ::12::12 using (0):(12):(0):($2/unit):(11.64):(12.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#27749f' notitle, \
     data index 2 every ::13::13 using (0):(13):(0):($2/unit):(12.80):(13.20) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#777777' notitle
unset label
unset arrow

# panel 3
set lmargin at screen 0.30509
set rmargin at screen 0.51339
set tmargin at screen 0.43015
set bmargin at screen 0.07537
unit = 1048576
unset logscale
set xrange [0:262.922604] noextend
set yrange [13.6481481:-0.648148148] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "100" 100, "200" 200)
set label "bytes uploaded in a second (MiB/s)" at screen 0.40924,0.03309 center font ',17' textcolor rgb '#555555' noenhanced front
set label "1 MiB" at screen 0.30634,0.44393 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/native" at screen 0.29759,0.41406 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "79.1 MiB/s" at first 79.1383317,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/native" at screen 0.29759,0.38925 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "54.2 MiB/s" at first 54.2271367,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/threaded/python" at screen 0.29759,0.36443 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "90.5 MiB/s" at first 90.5127934,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc/forking/python" at screen 0.29759,0.33961 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "143 MiB/s" at first 143.376915,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached]/threaded/python" at screen 0.29759,0.31480 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "111 MiB/s" at first 110.610049,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "rpyc[call=cached,socket=fast]/forking/python" at screen 0.29759,0.28998 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "128 MiB/s" at first 127.859288,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/native" at screen 0.29759,0.26517 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "179 MiB/s" at first 179.451396,6 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/native" at screen 0.29759,0.24035 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "64.2 MiB/s" at first 64.1830131,7 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/python" at screen 0.29759,0.21553 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "104 MiB/s" at first 103.670173,8 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/python" at screen 0.29759,0.19072 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "79.6 MiB/s" at first 79.5771854,9 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/threaded/gunicorn" at screen 0.29759,0.16590 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "97.9 MiB/s" at first 97.9485342,10 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http/forking/gunicorn" at screen 0.29759,0.14108 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "149 MiB/s" at first 148.683185,11 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "http[keepalive=off]/threaded/python" at screen 0.29759,0.11627 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "105 MiB/s" at first 105.42707,12 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "tcp/threaded/native" at screen 0.29759,0.09145 right font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "66.1 MiB/s" at first 66.1451878,13 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 3 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 3 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 3 every ::2::2 using (0):(2):(0):($2/unit):(1.64):(2.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#009e73' notitle, \
     data index 3 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 3 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle, \
     data index 3 every ::5::5 using (0):(5):(0):($2/unit):(4.64):(5.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#56b4e9' notitle, \
     data index 3 every ::6::6 using (0):(6):(0):($2/unit):(5.64):(6.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#333333' notitle, \
     data index 3 every ::7::7 using (0):(7):(0):($2/unit):(6.64):(7.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00446b' notitle, \
     data index 3 every ::8::8 using (0):(8):(0):($2/unit):(7.64):(8.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#8a3d00' notitle, \
     data index 3 every ::9::9 using (0):(9):(0):($2/unit):(8.64):(9.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00573f' notitle, \
     data index 3 every ::10::10 using (0):(10):(0):($2/unit):(9.64):(10.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#85406a' notitle, \
     data index 3 every ::11::11 using (0):(11):(0):($2/unit):(10.64):(11.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#9a6a00' notitle, \
     data index 3 every ::12::12 using (0):(12):(0):($2/unit):(11.64):(12.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#27749f' notitle, \
     data index 3 every ::13::13 using (0):(13):(0):($2/unit):(12.80):(13.20) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#777777' notitle
unset label
unset arrow

# panel 4
set lmargin at screen 0.53464
set rmargin at screen 0.74295
set tmargin at screen 0.43015
set bmargin at screen 0.07537
unit = 1.07374182e+09
unset logscale
set xrange [0:1.27457148] noextend
set yrange [13.6481481:-0.648148148] noextend
set border 2 back linecolor rgb '#8c8c8c' linewidth 1
unset ytics
set grid xtics back linetype 1 linecolor rgb '#e2e2e2' linewidth 1
set xtics scale 0 font ',17' textcolor rgb '#555555' ("0" -0, "0.5" 0.5, "1.0" 1)
set label "bytes uploaded in a second (GiB/s)" at screen 0.63879,0.03309 center font ',17' textcolor rgb '#555555' noenhanced front
set label "10 MiB" at screen 0.53589,0.44393 left font ',19' textcolor rgb '#1a1a1a' noenhanced front
set label "815 MiB/s" at first 0.795659019,0 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "256 MiB/s" at first 0.249836252,1 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "856 MiB/s" at first 0.83585751,2 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "891 MiB/s" at first 0.869927603,3 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "670 MiB/s" at first 0.654632485,4 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "826 MiB/s" at first 0.807093642,5 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "769 MiB/s" at first 0.751440371,6 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "773 MiB/s" at first 0.755354167,7 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "474 MiB/s" at first 0.462802625,8 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "873 MiB/s" at first 0.852936457,9 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "295 MiB/s" at first 0.288201309,10 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "483 MiB/s" at first 0.471887198,11 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "446 MiB/s" at first 0.435558394,12 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
set label "653 MiB/s" at first 0.638037363,13 left offset character 0.6,0 font ',17' textcolor rgb '#1a1a1a' noenhanced front
plot data index 4 every ::0::0 using (0):(0):(0):($2/unit):(-0.36):(0.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#0072b2' notitle, \
     data index 4 every ::1::1 using (0):(1):(0):($2/unit):(0.64):(1.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#d55e00' notitle, \
     data index 4 every ::2::2 using (0):(2):(0):($2/unit):(1.64):(2.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#009e73' notitle, \
     data index 4 every ::3::3 using (0):(3):(0):($2/unit):(2.64):(3.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#cc79a7' notitle, \
     data index 4 every ::4::4 using (0):(4):(0):($2/unit):(3.64):(4.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#e69f00' notitle, \
     data index 4 every ::5::5 using (0):(5):(0):($2/unit):(4.64):(5.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#56b4e9' notitle, \
     data index 4 every ::6::6 using (0):(6):(0):($2/unit):(5.64):(6.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#333333' notitle, \
     data index 4 every ::7::7 using (0):(7):(0):($2/unit):(6.64):(7.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00446b' notitle, \
     data index 4 every ::8::8 using (0):(8):(0):($2/unit):(7.64):(8.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#8a3d00' notitle, \
     data index 4 every ::9::9 using (0):(9):(0):($2/unit):(8.64):(9.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#00573f' notitle, \
     data index 4 every ::10::10 using (0):(10):(0):($2/unit):(9.64):(10.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#85406a' notitle, \
     data index 4 every ::11::11 using (0):(11):(0):($2/unit):(10.64):(11.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#9a6a00' notitle, \
     data index 4 every ::12::12 using (0):(12):(0):($2/unit):(11.64):(12.36) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#27749f' notitle, \
     data index 4 every ::13::13 using (0):(13):(0):($2/unit):(12.80):(13.20) with boxxyerror fillstyle solid 1.0 noborder linecolor rgb '#777777' notitle
unset label
unset arrow
unset multiplot

unset output
pass = pass + 1
if (pass == 2) load 'bars-sizes-14.gp'
