# SPDX-License-Identifier: MIT
"""Holds what stats-values prints against SciPy, statsmodels and NumPy.

    oracle.py STATS_VALUES [DATA_SETS]

Prints, for each figure, the largest relative difference over all data sets. Exit status 1 if one
is above the limit.
"""
import itertools
import math
import subprocess
import sys
import warnings

import numpy as np
from scipy import special, stats
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.stattools import acf, kpss

LIMIT = 1e-9
RESAMPLES = 200


def data_sets(count):
    random = np.random.default_rng(20)
    for i in range(count):
        na, nb = (int(x) for x in random.integers(12, 45, 2))
        kind = i % 4
        if kind == 0:
            a, b = random.normal(100, 5, na), random.normal(103, 9, nb)
        elif kind == 1:
            a, b = random.lognormal(0, 0.8, na), random.lognormal(0.2, 0.5, nb)
        elif kind == 2:  # ties
            a, b = np.round(random.normal(50, 3, na)), np.round(random.normal(52, 3, nb))
        else:
            a, b = random.exponential(1e-3, na), random.exponential(1.3e-3, nb)
        yield a, b, random.integers(0, na, (RESAMPLES, na))


def t_quantile(p, df):
    """SciPy's own is good to about 1e-9 only; its distribution is better."""
    t = stats.t.ppf(p, df)
    for _ in range(3):
        t += (0.5 * special.betainc(df / 2, 0.5, df / (df + t * t)) - (1 - p)) / stats.t.pdf(t, df)
    return t


def exact_u_rank(na, nb, tail):
    counts = np.zeros(na * nb + 1, dtype=object)
    counts[0] = 1
    for i in range(1, na + 1):  # Gaussian binomial coefficients, in whole numbers
        for u in range(len(counts) - 1, nb + i - 1, -1):
            counts[u] -= counts[u - nb - i]
        for u in range(i, len(counts)):
            counts[u] += counts[u - i]
    return rank_below(counts, tail)


def exact_w_rank(n, tail):
    counts = np.zeros(n * (n + 1) // 2 + 1, dtype=object)
    counts[0] = 1
    for rank in range(1, n + 1):
        for w in range(len(counts) - 1, rank - 1, -1):
            counts[w] += counts[w - rank]
    return rank_below(counts, tail)


def rank_below(counts, tail):
    total, seen, k = sum(counts), 0, 0
    while (seen + counts[k]) / total <= tail:
        seen += counts[k]
        k += 1
    return k


def u_rank(na, nb):
    if na + nb <= 60:
        return exact_u_rank(na, nb, 0.025)
    return math.floor(na * nb / 2 + 0.5
                      - stats.norm.isf(0.025) * math.sqrt(na * nb * (na + nb + 1) / 12))


def interval(name, estimate, low, high):
    return {name: estimate, name + ".low": low, name + ".high": high}


def one_sample(a):
    n, mean = len(a), np.mean(a)
    half = t_quantile(0.975, n - 1) * stats.sem(a)
    out = interval("mean", mean, mean - half, mean + half)
    out["variance"] = np.var(a, ddof=1)
    out["q10"], out["q99"] = np.quantile(a, [0.1, 0.99])
    j = int(stats.binom.ppf(0.025, n, 0.5))
    while j > 0 and stats.binom.cdf(j - 1, n, 0.5) > 0.025:
        j -= 1
    while stats.binom.cdf(j, n, 0.5) <= 0.025:
        j += 1
    s = np.sort(a)
    out.update(interval("median", np.median(a), s[j - 1], s[n - j]))
    out["lag1"] = acf(a, nlags=1, fft=False)[1]
    lags = math.floor(12 * (n / 100) ** 0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out["kpss"] = kpss(a, "c", nlags=lags)[0]
    out["slope"] = stats.linregress(np.arange(n), a).slope
    box = acorr_ljungbox(a, lags=[3], return_df=True)
    out["ljung-box"], out["ljung-box.p"] = float(box["lb_stat"].iloc[0]), float(box["lb_pvalue"].iloc[0])
    m = n * 37
    low = 0
    while stats.binom.cdf(low, m, 0.9) <= 0.025:
        low += 1
    high = m
    while stats.binom.sf(high - 2, m, 0.9) <= 0.025:
        high -= 1
    out["positions.low"], out["positions.high"] = low, high
    out["mad"] = stats.median_abs_deviation(a, scale="normal")
    out["anderson"] = stats.anderson(a, "expon").statistic if np.all(a > 0) else None
    batches = np.array([np.mean(a[i * 5:i * 5 + 5]) for i in range(n // 5)])
    if len(batches) >= 4:
        merit = [np.sum((batches[d:] - np.mean(batches[d:])) ** 2) / (len(batches) - d) ** 2
                 for d in range(len(batches) // 2 + 1)]
        d = int(np.argmin(merit))
        if 2 * d < len(batches):
            out["mser"], out["mser.drop"] = merit[d], d
    return out


def ratio_of_means(a, b):
    ma, mb, va, vb, q = np.mean(a), np.mean(b), stats.sem(a) ** 2, stats.sem(b) ** 2, 1.96
    below, above = ma * ma - q * q * va, mb * mb - q * q * vb
    root = math.sqrt((ma * mb) ** 2 - below * above)
    out = interval("fieller", mb / ma, (ma * mb - root) / below, (ma * mb + root) / below)
    half = q * math.sqrt(va / ma ** 2 + vb / mb ** 2)
    out.update(interval("delta", mb / ma, mb / ma * math.exp(-half), mb / ma * math.exp(half)))
    return out


def two_samples(a, b):
    na, nb = len(a), len(b)
    welch, pooled = stats.ttest_ind(a, b, equal_var=False), stats.ttest_ind(a, b)
    va, vb = np.var(a, ddof=1) / na, np.var(b, ddof=1) / nb
    _, times = np.unique(np.concatenate([a, b]), return_counts=True)
    ties = float(np.sum(times ** 3 - times))
    exact = ties == 0 and na + nb <= 60
    ranks = stats.mannwhitneyu(a, b, method="exact" if exact else "asymptotic")
    above = np.sum(a[:, None] > b[None, :])
    out = {"welch": welch.statistic, "welch.p": welch.pvalue,
           "welch.df": (va + vb) ** 2 / (va ** 2 / (na - 1) + vb ** 2 / (nb - 1)),
           "pooled": pooled.statistic, "pooled.p": pooled.pvalue,
           "cliff": (above - np.sum(a[:, None] < b[None, :])) / (na * nb),
           "mann-whitney": ranks.statistic, "mann-whitney.p": ranks.pvalue,
           "mann-whitney.ties": ties}
    out.update(ratio_of_means(a, b))
    k = u_rank(na, nb)
    d = np.sort((b[None, :] - a[:, None]).ravel())
    out.update(interval("shift", np.median(d), d[k - 1], d[len(d) - k]))
    d = np.sort((np.log(b)[None, :] - np.log(a)[:, None]).ravel())
    out.update(interval("ratio", math.exp(np.median(d)), math.exp(d[k - 1]), math.exp(d[len(d) - k])))
    return out


def pairs(a, b):
    n = min(len(a), len(b))
    x, y = a[:n], b[:n]
    d = y - x
    paired = stats.ttest_1samp(d, 0)
    rank = stats.spearmanr(x, y)
    out = {"paired": paired.statistic, "paired.p": paired.pvalue, "spearman": rank.correlation,
           "spearman.p": rank.pvalue}
    if n <= 16:
        sums = [abs(sum(s * v for s, v in zip(signs, d)))
                for signs in itertools.product((1, -1), repeat=n)]
        out["sign-flip"] = np.mean(np.array(sums) >= abs(sum(d)) - 1e-12 * np.sum(np.abs(d)))
    kept = d[d != 0]
    m = len(kept)
    ties = len(np.unique(np.abs(kept))) < m
    size = stats.rankdata(np.abs(kept))
    out["wilcoxon"] = np.sum(size[kept > 0])
    if ties or m > 50:
        out["wilcoxon.p"] = stats.wilcoxon(kept, correction=True, mode="approx").pvalue
    else:
        out["wilcoxon.p"] = stats.wilcoxon(kept, mode="exact").pvalue
    walsh = np.sort([(d[i] + d[k]) / 2 for i in range(n) for k in range(i, n)])
    k = exact_w_rank(n, 0.025)
    out.update(interval("walsh", np.median(walsh), walsh[k - 1], walsh[len(walsh) - k]))
    p = [stats.ttest_ind(a[i:], b, equal_var=False).pvalue for i in range(5)]
    for i, adjusted in enumerate(multipletests(p, method="holm")[1]):
        out["holm.%d" % i] = adjusted
    return out


def levels(a):
    trials = len(a) // 3
    rows = a[:trials * 3].reshape(trials, 3)
    within, between = np.mean(np.var(rows, axis=1, ddof=1)), np.var(np.mean(rows, axis=1), ddof=1)
    half = t_quantile(0.975, trials - 1) * math.sqrt(between / trials)
    return {"levels.within": within, "levels.between": between,
            "levels.process": max(0, between - within / 3), "levels.low": np.mean(rows) - half}


def bca(a, indices):
    n, whole = len(a), np.mean(a)
    resamples = np.mean(a[indices], axis=1)
    left = np.array([np.mean(np.delete(a, i)) for i in range(n)])
    off = np.mean(left) - left
    acceleration = np.sum(off ** 3) / (6 * np.sum(off ** 2) ** 1.5)
    z0 = stats.norm.ppf(np.mean(resamples < whole))
    ends = []
    for z in stats.norm.ppf([0.025, 0.975]):
        level = stats.norm.cdf(z0 + (z0 + z) / (1 - acceleration * (z0 + z)))
        ends.append(np.quantile(resamples, level))
    return interval("bca", whole, *ends)


def ask(program, sets):
    lines = []
    for a, b, indices in sets:
        numbers = [str(len(a))] + [repr(float(x)) for x in a]
        numbers += [str(len(b))] + [repr(float(x)) for x in b]
        numbers += [str(len(indices))] + [str(i) for i in indices.ravel()]
        lines.append(" ".join(numbers))
    reply = subprocess.run([program], input="\n".join(lines), text=True, check=True,
                           capture_output=True).stdout
    answers, now = [], {}
    for line in reply.splitlines():
        if line == "end":
            answers.append(now)
            now = {}
        else:
            name, value = line.split()
            now[name] = float(value)
    return answers


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    sets = list(data_sets(count))
    answers = ask(program, sets)
    assert len(answers) == count, "%d answers to %d data sets" % (len(answers), count)
    worst, seen = {}, {}
    for number, ((a, b, indices), ours) in enumerate(zip(sets, answers)):
        theirs = {**one_sample(a), **two_samples(a, b), **pairs(a, b), **levels(a), **bca(a, indices)}
        for name in sorted(set(theirs) | set(ours)):
            if theirs.get(name, 0) is None:
                continue
            assert name in ours and name in theirs, "%s of data set %d" % (name, number)
            x, y = ours[name], float(theirs[name])
            size = max(abs(x), abs(y))
            off = 0 if x == y or (math.isnan(x) and math.isnan(y)) else abs(x - y) / size
            seen[name] = seen.get(name, 0) + 1
            if not off <= worst.get(name, (-1, 0))[0]:
                worst[name] = (off, number)
    bad = 0
    for name in sorted(worst, key=lambda n: -worst[n][0]):
        off, number = worst[name]
        bad += not off <= LIMIT
        print("%-20s %4d values, largest relative difference %.2g%s"
              % (name, seen[name], off, "" if off <= LIMIT else "  MISSED (data set %d)" % number))
    print("%d figures, %d data sets, limit %g: %s"
          % (len(worst), count, LIMIT, "ok" if bad == 0 else "%d MISSED" % bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
