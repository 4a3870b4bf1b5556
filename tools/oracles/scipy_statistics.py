"""Golden values for packages/core-tensor/src/statistics, from SciPy and statsmodels.

Made with scipy 1.17.1, statsmodels 0.15.0, numpy 2.4.6; seed 20. Run: python tools/oracles/scipy_statistics.py
(writes packages/core-tensor/goldens/statistics/scipy.json)

Bootstrap: SciPy draws the resamples with its own random numbers; they are recorded, and the file holds the resampled
values, so that only the bounds are compared. mid-p of McNemar has no peer in either package; it is computed from
scipy.stats.binom by the formula of Fagerland, Lydersen and Laake (2013).
"""
import json
import pathlib

import numpy as np
import scipy
import scipy.special as sp
import statsmodels
from scipy import stats
from statsmodels.stats import contingency_tables, multitest, power, proportion

rng = np.random.default_rng(20)
out = pathlib.Path(__file__).parents[2] / 'packages/core-tensor/goldens/statistics/scipy.json'
golden = {
    'made by': 'tools/oracles/scipy_statistics.py',
    'scipy': scipy.__version__,
    'statsmodels': statsmodels.__version__,
    'seed': 20,
}


def floats(values):
    return [float(x) for x in values]


x = np.concatenate([np.linspace(-8, 8, 65), [-37, -20, 12, 0.0]])
golden['normalCdf'] = [[float(v), float(sp.ndtr(v))] for v in x]
p = np.concatenate([np.logspace(-300, -1, 40), np.linspace(0.1, 0.999, 40), [1 - 1e-12]])
golden['normalQuantile'] = [[float(v), float(sp.ndtri(v))] for v in p]
golden['logGamma'] = [[float(v), float(sp.gammaln(v))] for v in np.concatenate([np.logspace(-5, 7, 60), [1, 2, 3, 0.5]])]
golden['erfc'] = [[float(v), float(sp.erfc(v))] for v in np.linspace(-5, 26, 63)]

rows = []
for _ in range(300):
    a, b = 10 ** rng.uniform(-1, 4, 2)
    mean = a / (a + b)
    sd = np.sqrt(mean * (1 - mean) / (a + b + 1))
    v = float(np.clip(mean + rng.normal() * 2 * sd, 1e-6, 1 - 1e-6))
    rows.append([v, float(a), float(b), float(sp.betainc(a, b, v))])
golden['incompleteBeta'] = rows
golden['binomial'] = []
for _ in range(100):
    n = int(rng.integers(1, 3000))
    q = float(rng.uniform(0.01, 0.99))
    k = int(rng.binomial(n, q))
    u = float(rng.uniform())
    golden['binomial'].append(
        [k, n, q, float(stats.binom.pmf(k, n, q)), float(stats.binom.cdf(k, n, q)), u, int(stats.binom.ppf(u, n, q))]
    )

rows = []
for n in [1, 2, 5, 10, 37, 100, 400, 998, 25000]:
    for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
        for confidence in [0.9, 0.95, 0.99]:
            wilson = proportion.proportion_confint(k, n, 1 - confidence, 'wilson')
            exact = proportion.proportion_confint(k, n, 1 - confidence, 'beta')
            rows.append([k, n, confidence, floats(wilson), floats(exact)])
golden['proportions'] = rows

golden['mcnemar'] = []
for b, c in [(0, 0), (1, 7), (7, 1), (5, 5), (0, 6), (59, 6), (30, 41), (120, 90), (1000, 1100), (1, 0)]:
    n, fewer = b + c, min(b, c)
    table = [[10, b], [c, 20]]
    exact = contingency_tables.mcnemar(table, exact=True).pvalue if n else 1.0
    asymptotic = contingency_tables.mcnemar(table, exact=False, correction=False).pvalue if n else 1.0
    pmf = stats.binom.pmf(fewer, n, 0.5)
    mid = 1 if n == 0 else 1 - pmf / 2 if b == c else 2 * stats.binom.cdf(fewer, n, 0.5) - pmf
    golden['mcnemar'].append([b, c, float(exact), float(mid), float(asymptotic)])

golden['wilcoxon'] = []
for n in [3, 8, 12, 25, 49, 80, 200]:
    for ties in [False, True]:
        a = rng.integers(0, 12, n).astype(float) if ties else rng.normal(size=n).round(6)
        b = rng.integers(0, 12, n).astype(float) if ties else rng.normal(0.3, 1, n).round(6)
        d = a - b
        exact = None
        if not ties and n <= 50:
            exact = float(stats.wilcoxon(a, b, method='exact').pvalue)
        if ties and n <= 12:
            kept = d[d != 0]
            method = stats.PermutationMethod(n_resamples=np.inf)
            exact = float(stats.wilcoxon(kept, method=method).pvalue)
        normal = float(stats.wilcoxon(a, b, method='asymptotic', zero_method='wilcox').pvalue)
        golden['wilcoxon'].append({'a': floats(a), 'b': floats(b), 'exact': exact, 'normal': normal})

golden['mannWhitney'] = []
for n, m in [(3, 4), (6, 5), (10, 14), (20, 20), (40, 30), (100, 250)]:
    for ties in [False, True]:
        a = rng.integers(0, 9, n).astype(float) if ties else rng.normal(size=n).round(6)
        b = rng.integers(1, 10, m).astype(float) if ties else rng.normal(0.5, 1, m).round(6)
        result = stats.mannwhitneyu(a, b, method='asymptotic')
        exact = None
        if not ties and n + m <= 40:
            exact = float(stats.mannwhitneyu(a, b, method='exact').pvalue)
        if ties and n + m <= 11:
            # SciPy's own two-sided permutation p-value pairs the tails by distance; ours doubles the smaller tail.
            method = stats.PermutationMethod(n_resamples=np.inf)
            tails = [stats.mannwhitneyu(a, b, method=method, alternative=s).pvalue for s in ('less', 'greater')]
            exact = float(min(1, 2 * min(tails)))
        golden['mannWhitney'].append(
            {'a': floats(a), 'b': floats(b), 'u': float(result.statistic), 'exact': exact, 'normal': float(result.pvalue)}
        )

golden['multiple'] = []
for n in [1, 2, 5, 20, 60]:
    values = rng.uniform(size=n) ** 2
    values[: n // 4] = values[0]
    golden['multiple'].append(
        {
            'p': floats(values),
            'holm': floats(multitest.multipletests(values, method='holm')[1]),
            'bh': floats(multitest.multipletests(values, method='fdr_bh')[1]),
        }
    )

golden['quantiles'] = []
for n in [1, 7, 30, 100, 499]:
    values = np.sort(rng.normal(size=n).round(6))
    for q in [0.01, 0.25, 0.5, 0.9, 0.99]:
        linear = float(np.quantile(values, q))
        nearest = float(np.quantile(values, q, method='inverted_cdf'))
        for confidence in [0.95]:
            interval = stats.quantile_test(values, q=0, p=q).confidence_interval(confidence)
            bounds = [None if not np.isfinite(v) else float(v) for v in interval]
            golden['quantiles'].append(
                {'n': n, 'p': q, 'linear': linear, 'nearest': nearest, 'confidence': confidence, 'interval': bounds}
            )
    golden.setdefault('quantileValues', {})[str(n)] = floats(values)

golden['bootstrap'] = []
for n, name in [(15, 'mean'), (40, 'mean'), (30, 'median')]:
    values = rng.exponential(size=n).round(6)
    for method in ['percentile', 'BCa']:
        result = stats.bootstrap(
            (values,), getattr(np, name), n_resamples=499, method=method, vectorized=True,
            rng=np.random.default_rng(3),
        )
        left = [getattr(np, name)(np.delete(values, i)) for i in range(n)]
        golden['bootstrap'].append(
            {
                'estimate': float(getattr(np, name)(values)),
                'distribution': floats(result.bootstrap_distribution),
                'left': floats(left),
                'method': method.lower(),
                'interval': floats(result.confidence_interval),
                'standardError': float(result.standard_error),
            }
        )

golden['power'] = []
for n, d, difference in [(100, 0.5, 0.14), (400, 0.37, 0.06), (5000, 0.1, 0.003)]:
    # One tail at half the level, as below. The power of a difference is in closed form; the difference of a power would
    # come from statsmodels' root finder, which stops at six digits.
    reached = power.NormalIndPower().power(difference / d, n, alpha=0.025, ratio=0, alternative='larger')
    golden['power'].append([n, d, difference, float(reached)])
golden['unpairedPower'] = []
for n, p1, rise in [(400, 0.1, 0.07), (1000, 0.5, 0.06), (200, 0.02, 0.08)]:
    # One tail at half the level: the far tail of the two-sided test is left out on both sides.
    reached = proportion.power_proportions_2indep(rise, p1, n, alpha=0.025, alternative='larger')
    golden['unpairedPower'].append([n, p1, rise, float(reached.power)])

golden['theilSen'] = []
for n, step, slope, noise in [(12, 1, 0.7, 1), (60, 0, -2, 3), (40, 5, 0.3, 0), (25, 2, 0, 1)]:
    # A step above 0 rounds, which makes ties.
    x = np.sort(rng.uniform(0, 50, n))
    y = slope * x + noise * rng.standard_cauchy(n)
    if step:
        x, y = np.round(x / step) * step, np.round(y)
    line = stats.theilslopes(y, x, alpha=0.9)
    golden['theilSen'].append(
        {'x': floats(x), 'y': floats(y), 'confidence': 0.9, 'line': floats([line.slope, line.intercept, line.low_slope, line.high_slope])}
    )

out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps(golden) + '\n')
print(out, out.stat().st_size, 'bytes')
