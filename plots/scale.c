/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "bench/units.h"
#include "plots/draw.h"

#define KIB 1024.0
#define MIB (1024.0 * 1024)
#define GIB (1024.0 * 1024 * 1024)

/* The units of each kind from large to small; the last one takes all that is smaller. */
struct step {
    double from, factor;
    const char *suffix;
};

static const struct step seconds_steps[] = {
    {1, 1, "s"}, {1e-3, 1e-3, "ms"}, {1e-6, 1e-6, "µs"}, {0, 1e-9, "ns"}};
static const struct step bytes_steps[] = {
    {GIB, GIB, "GiB"}, {MIB, MIB, "MiB"}, {KIB, KIB, "KiB"}, {0, 1, "B"}};
static const struct step bandwidth_steps[] = {
    {GIB, GIB, "GiB/s"}, {MIB, MIB, "MiB/s"}, {KIB, KIB, "KiB/s"}, {0, 1, "B/s"}};
static const struct step rate_steps[] = {{1e6, 1e6, "M/s"}, {1e3, 1e3, "k/s"}, {0, 1, "/s"}};
static const struct step count_steps[] = {{0, 1, ""}};
static const struct step ratio_steps[] = {{0, 1, "×"}};
static const struct step percent_steps[] = {{0, 0.01, "%"}};

static const struct step *step_for(enum bench_plot_unit unit, double magnitude)
{
    static const struct step *const all[] = {
        [BENCH_UNIT_SECONDS] = seconds_steps, [BENCH_UNIT_BYTES] = bytes_steps,
        [BENCH_UNIT_RATE] = rate_steps,       [BENCH_UNIT_BYTES_PER_SECOND] = bandwidth_steps,
        [BENCH_UNIT_COUNT] = count_steps,     [BENCH_UNIT_RATIO] = ratio_steps,
        [BENCH_UNIT_PERCENT] = percent_steps,
    };
    const struct step *step = all[unit];

    /* A hair of tolerance: 1e-3 computed as a product is a millisecond, too. */
    while (step->from > 0 && magnitude < step->from * (1 - 1e-9))
        step++;
    return step;
}

static bool is_binary(enum bench_plot_unit unit)
{
    return unit == BENCH_UNIT_BYTES || unit == BENCH_UNIT_BYTES_PER_SECOND;
}

struct plot_text plot_value_text(enum bench_plot_unit unit, double value)
{
    struct plot_text text;
    const char *number = "";
    struct bench_text s;

    switch (unit) {
    case BENCH_UNIT_SECONDS:
        s = bench_format_seconds(value);
        number = s.s;
        break;
    case BENCH_UNIT_RATE:
        s = bench_format_rate(value);
        number = s.s;
        break;
    case BENCH_UNIT_BYTES:
    case BENCH_UNIT_BYTES_PER_SECOND:
        s = bench_format_size(value);
        number = s.s;
        break;
    case BENCH_UNIT_PERCENT:
        (void)snprintf(text.s, sizeof(text.s), "%.3g %%", value * 100);
        return text;
    case BENCH_UNIT_COUNT:
    case BENCH_UNIT_RATIO: {
        double size = fabs(value);
        int decimals = size >= 99.95 || value == round(value) ? 0 : size >= 9.995 ? 1 : 2;
        (void)snprintf(text.s, sizeof(text.s), "%.*f%s", decimals, value,
                       unit == BENCH_UNIT_RATIO ? "×" : "");
        return text;
    }
    }
    (void)snprintf(text.s, sizeof(text.s), "%s%s", number,
                   unit == BENCH_UNIT_BYTES_PER_SECOND ? "/s" : "");
    return text;
}

/* 64 KiB, 100 µs, 10: for ticks, which are round numbers. */
static void tick_text(char *out, size_t size, enum bench_plot_unit unit, double value)
{
    const struct step *step = step_for(unit, fabs(value));

    (void)snprintf(out, size, "%.4g%s%s", value / step->factor,
                   step->suffix[0] && unit != BENCH_UNIT_RATIO ? " " : "", step->suffix);
}

static double nice_step(double span, int wanted)
{
    double raw = span / wanted, power = pow(10, floor(log10(raw))), lead = raw / power;

    return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 2.5 ? 2.5 : lead <= 5 ? 5 : 10);
}

static void add_tick(struct plot_axis *axis, double at, const char *text)
{
    if (axis->nticks == PLOT_MAX_TICKS)
        return;
    axis->ticks[axis->nticks].at = at;
    (void)snprintf(axis->ticks[axis->nticks].text, sizeof(axis->ticks[0].text), "%s", text);
    axis->nticks++;
}

void plot_axis_linear(struct plot_axis *axis, enum bench_plot_unit unit, double low, double high,
                      int wanted, bool round_up)
{
    low = fmin(low, 0);
    high = fmax(high, 0);
    if (high - low <= 0)
        high = unit == BENCH_UNIT_SECONDS ? 1e-3 : 1;

    const struct step *unit_step = step_for(unit, fmax(-low, high));
    double factor = unit_step->factor, step = nice_step((high - low) / factor, wanted);
    if (unit == BENCH_UNIT_COUNT && step < 1)
        step = (high - low) > 2 ? 1 : step;
    *axis = (struct plot_axis){
        .unit = unit, .factor = factor, .suffix = unit_step->suffix, .min = low, .max = high};
    double first = round_up ? floor(low / factor / step) : ceil(low / factor / step - 1e-9);
    double last = round_up ? ceil(high / factor / step - 1e-9) : floor(high / factor / step + 1e-9);
    int decimals = 0;
    for (double s = step; decimals < 9 && fabs(s - round(s)) > 1e-6 * s; s *= 10)
        decimals++;
    for (double k = first; k <= last + 0.5; k++) {
        char text[24];
        (void)snprintf(text, sizeof(text), "%.*f", k == 0 ? 0 : decimals, k == 0 ? 0.0 : k * step);
        add_tick(axis, k * step * factor, text);
    }
    if (round_up) {
        axis->min = first * step * factor;
        axis->max = last * step * factor;
    }
}

/* Powers of two, every so many that at most nine are shown. */
static void binary_ticks(struct plot_axis *axis, double low, double high)
{
    double first = floor(log2(low) + 1e-9), last = ceil(log2(high) - 1e-9);
    double every = fmax(1, ceil((last - first) / 8));
    char text[24];

    if (every > 2) /* 10 bits from one unit to the next: 1, 32, 1 Ki or 1, 1 Ki, 1 Mi */
        every = every <= 5 ? 5 : 10;
    first = floor(first / every) * every;
    last = fmax(ceil(last / every) * every, first + every);
    for (double k = first; k <= last; k += every) {
        tick_text(text, sizeof(text), axis->unit, exp2(k));
        add_tick(axis, exp2(k), text);
    }
    axis->min = exp2(first);
    axis->max = exp2(last);
}

void plot_axis_log(struct plot_axis *axis, enum bench_plot_unit unit, double low, double high)
{
    static const double leads[] = {1, 2, 5};
    char text[24];

    *axis = (struct plot_axis){.unit = unit, .log = true, .factor = 1, .suffix = ""};
    if (is_binary(unit)) {
        binary_ticks(axis, low, high);
        return;
    }
    double decades = log10(high) - log10(low);
    double every = fmax(1, ceil(decades / 9));
    for (double k = floor(log10(low)) - 1; k <= ceil(log10(high)) + 1; k++) {
        for (size_t i = 0; i < BENCH_COUNT_OF(leads); i++) {
            double at = leads[i] * pow(10, k);
            /* The range ends at the last 1, 2 or 5 before low and the first behind high. */
            if (at <= low * (1 + 1e-9))
                axis->min = at;
            if (at >= high * (1 - 1e-9) && axis->max == 0 && at > axis->min)
                axis->max = at;
        }
    }
    for (double k = floor(log10(low)) - 1; k <= ceil(log10(high)) + 1; k++) {
        for (size_t i = 0; i < BENCH_COUNT_OF(leads); i++) {
            double at = leads[i] * pow(10, k);
            bool shown = i == 0 ? fmod(k, every) == 0 : decades <= 3;
            if (!shown || at < axis->min * (1 - 1e-9) || at > axis->max * (1 + 1e-9))
                continue;
            tick_text(text, sizeof(text), unit, at);
            add_tick(axis, at, text);
        }
    }
}

void plot_axis_at(struct plot_axis *axis, enum bench_plot_unit unit, bool log, const double *values,
                  size_t n, double length_px)
{
    double low = values[0], high = values[n - 1];
    const struct step *step = step_for(unit, fmax(fabs(low), fabs(high)));

    *axis = (struct plot_axis){.unit = unit,
                               .log = log,
                               .factor = log ? 1 : step->factor,
                               .suffix = log ? "" : step->suffix};
    if (log) {
        double room = n > 1 ? pow(high / low, 0.03) : 2;
        axis->min = low / room;
        axis->max = high * room;
    } else {
        double room = n > 1 ? (high - low) * 0.03 : high == 0 ? 1 : fabs(high) * 0.5;
        axis->min = low - room;
        axis->max = high + room;
    }
    double taken = -1e9; /* right end of the text before */
    for (size_t i = 0; i < n; i++) {
        char text[24];
        if (log)
            tick_text(text, sizeof(text), unit, values[i]);
        else
            (void)snprintf(text, sizeof(text), "%.4g", values[i] / axis->factor);
        double width = plot_text_width(text, PLOT_SMALL_PX);
        double at = plot_axis_place(axis, values[i]) * length_px;
        if (at - width / 2 < taken + 12)
            continue;
        taken = at + width / 2;
        add_tick(axis, values[i], text);
    }
}

/* 0 %, 50 %, 90 %, 99 % ... as far as the data reach; places are -log10(1 - p). gnuplot reads
 * tick texts as formats: hence two percent signs. */
void plot_axis_percentile(struct plot_axis *axis, double low, double high)
{
    *axis = (struct plot_axis){
        .unit = BENCH_UNIT_COUNT, .factor = 1, .suffix = "", .min = low, .max = high};
    if (axis->max - axis->min < 1e-9) {
        axis->min = fmax(0, axis->min - 0.5);
        axis->max += 0.5;
    }
    const double room = (axis->max - axis->min) * 0.02;
    axis->max += room;
    for (int nines = -1; nines <= 12; nines++) {
        double at = nines == -1 ? 0 : nines == 0 ? log10(2) : nines;
        if (at < axis->min - 1e-9 || at > axis->max + 1e-9)
            continue;
        /* 0 % and 50 % are the nearest two: the first gives way. */
        if (nines == -1 && log10(2) / (axis->max - axis->min) * LEAST_WIDTH_PX < 52)
            continue;
        struct plot_tick *tick = &axis->ticks[axis->nticks++];
        tick->at = at;
        (void)snprintf(tick->text, sizeof(tick->text),
                       nines == -1  ? "0 %%%%"
                       : nines == 0 ? "50 %%%%"
                                    : "%.*f %%%%",
                       nines > 2 ? nines - 2 : 0, 100 - pow(10, 2 - nines));
    }
}

double plot_axis_place(const struct plot_axis *axis, double value)
{
    if (axis->log)
        return log(value / axis->min) / log(axis->max / axis->min);
    return (value - axis->min) / (axis->max - axis->min);
}

void plot_axis_thin(struct plot_axis *axis, double length_px)
{
    for (size_t every = 1; every < axis->nticks; every++) {
        bool fits = true;
        for (size_t i = every; i < axis->nticks && fits; i += every) {
            const struct plot_tick *left = &axis->ticks[i - every], *right = &axis->ticks[i];
            double texts = plot_text_width(left->text, PLOT_SMALL_PX) +
                           plot_text_width(right->text, PLOT_SMALL_PX);
            double distance = plot_axis_place(axis, right->at) - plot_axis_place(axis, left->at);
            fits = distance * length_px >= texts / 2 + 12;
        }
        if (!fits)
            continue;
        size_t kept = 0;
        for (size_t i = 0; i < axis->nticks; i += every)
            axis->ticks[kept++] = axis->ticks[i];
        axis->nticks = kept;
        return;
    }
}

double plot_axis_tick_width(const struct plot_axis *axis, double font_px)
{
    double width = 0;

    for (size_t i = 0; i < axis->nticks; i++)
        width = fmax(width, plot_text_width(axis->ticks[i].text, font_px));
    return width;
}

void plot_put_ticks(FILE *out, const struct plot_axis *axis, const char *which, bool texts)
{
    if (axis->nticks == 0) {
        fprintf(out, "unset %stics\n", which);
        return;
    }
    fprintf(out, "set %stics scale 0 font ',%d' textcolor rgb '%s' (", which, PLOT_SMALL_PX,
            PLOT_SOFT);
    for (size_t i = 0; i < axis->nticks; i++) {
        fputs(i ? ", " : "", out);
        plot_put_string(out, texts ? axis->ticks[i].text : "");
        fprintf(out, " %.9g", axis->ticks[i].at / axis->factor);
    }
    fputs(")\n", out);
}

struct plot_text plot_axis_label(const struct plot_axis *axis, const char *label)
{
    struct plot_text text;

    if (axis->log)
        (void)snprintf(text.s, sizeof(text.s), "%.300s%slog scale", label, label[0] ? ", " : "");
    else if (axis->suffix[0])
        (void)snprintf(text.s, sizeof(text.s), label[0] ? "%.300s (%s)" : "%.300s%s", label,
                       axis->suffix);
    else
        (void)snprintf(text.s, sizeof(text.s), "%.300s", label);
    return text;
}
