"""Golden runs of MLPerf LoadGen for packages/flagperf/src/loadgen.

Each case is one StartTest of the real LoadGen (PyPI mlcommons-loadgen 6.0.17) in a process of its own, driving a
system that only waits. Kept are the settings, which samples every query asked for, when (from LoadGen's own trace:
nanoseconds, relative to the first query), and what LoadGen wrote: the summary, the results in the detail log and the
accuracy log. Waits are drawn from Python's random with the case's name as seed; the times are what the machine made of
them, so every run of this script gives other latencies.

FindPeakPerformance runs are kept in another file: only which rates were tried, in which order, and whether each was met.

Run: python tools/oracles/loadgen.py         (writes packages/flagperf/goldens/loadgen/runs.json)
     python tools/oracles/loadgen.py --tokens (writes packages/flagperf/goldens/loadgen/tokens.json)
     python tools/oracles/loadgen.py --peak  (writes packages/flagperf/goldens/loadgen/peak.json)
"""
import json
import pathlib
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time

SEEDS = dict(
    qsl_rng_seed=2085463073848966840,
    sample_index_rng_seed=2747215439041700203,
    schedule_rng_seed=16159082839903944936,
)
TOTAL, PERFORMANCE = 2048, 1024
SMALL = dict(total=96, performance=40)

CASES = [
    dict(name='single-stream', scenario='SingleStream', settings=dict(min_duration_ms=200), wait=(0.4, 2.0)),
    dict(name='single-stream p99', scenario='SingleStream',
         settings=dict(min_duration_ms=100, min_query_count=700, single_stream_target_latency_percentile=0.99),
         wait=(0.1, 0.4)),
    dict(name='single-stream, too few for early stopping', scenario='SingleStream',
         settings=dict(min_duration_ms=10, min_query_count=40), wait=(0.4, 1.0)),
    dict(name='single-stream, out of queries', scenario='SingleStream',
         settings=dict(min_duration_ms=400, min_query_count=20, single_stream_expected_latency_ns=20000000),
         wait=(0.4, 1.0)),
    dict(name='single-stream, most queries', scenario='SingleStream',
         settings=dict(min_duration_ms=400, max_query_count=70), wait=(0.4, 1.0)),
    dict(name='single-stream, longest duration', scenario='SingleStream',
         settings=dict(min_duration_ms=400, max_duration_ms=60), wait=(0.4, 1.0)),
    dict(name='single-stream, equal issue', scenario='SingleStream', **SMALL,
         settings=dict(min_duration_ms=30, min_query_count=90, sample_concatenate_permutation=True), wait=(0.2, 0.6)),
    dict(name='single-stream, unique', scenario='SingleStream', **SMALL,
         settings=dict(min_duration_ms=10, min_query_count=20, performance_issue_unique=True), wait=(0.2, 0.6)),
    dict(name='single-stream, same', scenario='SingleStream', **SMALL,
         settings=dict(min_duration_ms=10, min_query_count=70, performance_issue_same=True,
                       performance_issue_same_index=7), wait=(0.2, 0.6)),
    dict(name='single-stream, accuracy of some', scenario='SingleStream', **SMALL,
         settings=dict(min_duration_ms=10, min_query_count=100, accuracy_log_probability=0.25,
                       accuracy_log_rng_seed=720381539243781796), wait=(0.1, 0.3)),
    dict(name='single-stream, accuracy sampling target', scenario='SingleStream', **SMALL,
         settings=dict(min_duration_ms=50, min_query_count=100, accuracy_log_sampling_target=16,
                       accuracy_log_rng_seed=720381539243781796), wait=(0.1, 0.3)),
    dict(name='multi-stream', scenario='MultiStream',
         settings=dict(min_duration_ms=100, min_query_count=662), wait=(0.1, 0.4)),
    dict(name='multi-stream, three samples', scenario='MultiStream', **SMALL,
         settings=dict(min_duration_ms=50, min_query_count=50, multi_stream_samples_per_query=3), wait=(0.2, 0.5)),
    dict(name='server', scenario='Server',
         settings=dict(min_duration_ms=1500, server_target_qps=100), wait=(0.4, 1.5)),
    dict(name='server, valid', scenario='Server',
         settings=dict(min_duration_ms=1000, min_query_count=700, server_target_qps=600,
                       server_target_latency_ns=60000000000), wait=(0.1, 0.3)),
    dict(name='server, over latency', scenario='Server',
         settings=dict(min_duration_ms=500, min_query_count=300, server_target_qps=400,
                       server_target_latency_ns=4000000), wait=(0.5, 3.0)),
    dict(name='server p90, some over latency', scenario='Server',
         settings=dict(min_duration_ms=500, min_query_count=300, server_target_qps=250,
                       server_target_latency_percentile=0.9, server_target_latency_ns=6000000), wait=(0.1, 3.0)),
    dict(name='server, equal issue', scenario='Server', **SMALL,
         settings=dict(min_duration_ms=300, min_query_count=70, server_target_qps=300,
                       sample_concatenate_permutation=True), wait=(0.1, 0.3)),
    dict(name='server, too many outstanding', scenario='Server',
         settings=dict(min_duration_ms=500, server_target_qps=2000, server_max_async_queries=8), wait=(4.0, 5.0)),
    dict(name='server, coalesced', scenario='Server',
         settings=dict(min_duration_ms=200, server_target_qps=3000, server_coalesce_queries=True), wait=(0.1, 0.3)),
    dict(name='offline', scenario='Offline',
         settings=dict(min_duration_ms=20, min_query_count=1500, offline_expected_qps=500), wait=(30, 40)),
    dict(name='offline, too short', scenario='Offline',
         settings=dict(min_duration_ms=1000, offline_expected_qps=400), wait=(5, 6)),
    dict(name='offline, equal issue', scenario='Offline', **SMALL,
         settings=dict(min_duration_ms=10, min_query_count=100, offline_expected_qps=10,
                       sample_concatenate_permutation=True), wait=(20, 21)),
    dict(name='offline, unique', scenario='Offline', **SMALL,
         settings=dict(min_duration_ms=10, min_query_count=100, performance_issue_unique=True), wait=(20, 21)),
] + [
    dict(name=f'{scenario}, accuracy', scenario=scenario, mode='AccuracyOnly', **SMALL,
         settings=dict(min_duration_ms=10, server_target_qps=2000), wait=(0.01, 0.05))
    for scenario in ('SingleStream', 'MultiStream', 'Server', 'Offline')
]

# Systems that say when the first token is there and how many there are in all: the number of the sample says how many.
TOKENS = dict(use_token_latencies=True, ttft_latency=40_000_000, tpot_latency=20_000_000)
TOKEN_CASES = [
    dict(name='tokens, single-stream', scenario='SingleStream', wait=(0.2, 0.6),
         settings=dict(min_duration_ms=100, min_query_count=70, **TOKENS)),
    dict(name='tokens, multi-stream', scenario='MultiStream', wait=(0.1, 0.2),
         settings=dict(min_duration_ms=50, min_query_count=40, multi_stream_samples_per_query=2, **TOKENS)),
    dict(name='tokens, server', scenario='Server', wait=(0.1, 0.3),
         settings=dict(min_duration_ms=1000, min_query_count=500, server_target_qps=500, **TOKENS)),
    dict(name='tokens, server, too late', scenario='Server', wait=(0.5, 1.5),
         settings=dict(min_duration_ms=500, min_query_count=100, server_target_qps=250,
                       **{**TOKENS, 'ttft_latency': 2_000_000})),
    dict(name='tokens, server, too slow', scenario='Server', wait=(0.5, 1.5),
         settings=dict(min_duration_ms=500, min_query_count=100, server_target_qps=250,
                       **{**TOKENS, 'ttft_latency': 1_000_000, 'tpot_latency': 100_000})),
    dict(name='tokens, offline', scenario='Offline', wait=(2, 3),
         settings=dict(min_duration_ms=5, min_query_count=30, offline_expected_qps=100, **TOKENS)),
]

# The wait is by the sample, one at a time, so that rates above 1000 / wait are too many.
PEAKS = [
    dict(name='doubles, one decimal', wait=20, settings=dict(server_target_qps=6.0)),
    dict(name='small steps, whole numbers', wait=10, settings=dict(
        server_target_qps=20.0, server_find_peak_qps_boundary_step_size=0.5,
        server_find_peak_qps_decimals_of_precision=0)),
    dict(name='large steps, two decimals', wait=25, settings=dict(
        server_target_qps=2.0, server_find_peak_qps_boundary_step_size=3.0,
        server_find_peak_qps_decimals_of_precision=2)),
    dict(name='the first is too much', wait=30, settings=dict(server_target_qps=200.0)),
]

ABOUT_THE_RUN = ('result_', 'early_stopping', 'generated_', 'effective_', 'requested_', 'loaded_qsl_set', 'error_',
                 'num_errors')


def run(case):
    import mlperf_loadgen as lg

    settings = lg.TestSettings()
    settings.scenario = getattr(lg.TestScenario, case['scenario'])
    settings.mode = getattr(lg.TestMode, case.get('mode', 'PerformanceOnly'))
    for key, value in {**SEEDS, **case['settings']}.items():
        setattr(settings, key, value)
    waits = random.Random(case['name'])
    with_tokens = case['settings'].get('use_token_latencies', False)
    work, issued = queue.Queue(), []

    def serve():
        while (samples := work.get()) is not None:
            time.sleep(waits.uniform(*case['wait']) / 1000)
            if with_tokens and case['scenario'] != 'Offline':
                first = [ctypes_buffer(bytes(4)) for _ in samples]
                lg.FirstTokenComplete([
                    lg.QuerySampleResponse(id, address, 4) for (id, _), (address, _) in zip(samples, first)
                ])
                time.sleep(waits.uniform(*case['wait']) / 1000)
            # Four bytes that say which sample it was: what an accuracy run writes down.
            data = [memoryview(index.to_bytes(4, 'little')).tobytes() for _, index in samples]
            arrays = [(ctypes_buffer(d)) for d in data]
            lg.QuerySamplesComplete([
                lg.QuerySampleResponse(id, address, 4, *([2 + index % 5] if with_tokens else []))
                for (id, index), (address, _) in zip(samples, arrays)
            ])

    thread = threading.Thread(target=serve)
    thread.start()

    def issue(samples):
        issued.append([sample.index for sample in samples])
        work.put([(sample.id, sample.index) for sample in samples])

    total, performance = case.get('total', TOTAL), case.get('performance', PERFORMANCE)
    loaded = []
    sut = lg.ConstructSUT(issue, lambda: None)
    qsl = lg.ConstructQSL(total, performance, lambda samples: loaded.append(list(samples)), lambda samples: None)
    with tempfile.TemporaryDirectory() as folder:
        log = lg.LogSettings()
        output = lg.LogOutputSettings()
        output.outdir = folder
        log.log_output = output
        log.enable_trace = True
        lg.StartTestWithLogSettings(sut, qsl, settings, log, '')
        work.put(None)
        thread.join()
        files = {path.stem.removeprefix('mlperf_log_'): path.read_text() for path in pathlib.Path(folder).iterdir()}
    return {
        'name': case['name'], 'scenario': case['scenario'], 'mode': case.get('mode', 'PerformanceOnly'),
        'total': total, 'performance': performance,
        'settings': {key: big(value) for key, value in case['settings'].items()},
        'loaded': loaded, 'issued': issued, 'times': times_of(files['trace']),
        **({'first_tokens': first_tokens_of(files['trace'])} if with_tokens else {}),
        'detail': detail_of(files['detail']), 'summary': files['summary'], 'accuracy': files['accuracy'],
    }


def ctypes_buffer(data):
    import ctypes
    buffer = ctypes.create_string_buffer(data, len(data))
    return ctypes.addressof(buffer), buffer


def big(value):
    """Whole numbers that JavaScript would round, as text."""
    return str(value) if type(value) is int and value > 2**53 else value


def nanoseconds(text):
    whole, _, part = text.partition('.')
    return int(whole) * 1000 + int(part)


def times_of(trace):
    """[query, scheduled, issued after that, completed after that] of every sample, by its number, from the trace."""
    samples = {}
    for line in trace.splitlines():
        if not line.startswith('{"name":"Sample",') or '"ph":"b"' not in line:
            continue
        field = lambda key: line.split(f'"{key}":')[1].split(',')[0].rstrip('}')
        samples[int(field('sample_seq'))] = [
            int(field('query_seq')), nanoseconds(field('ts')), int(field('issue_start_ns')), int(field('complete_ns'))]
    first = min((scheduled for _, scheduled, _, _ in samples.values()), default=0)
    return [[q, s - first, i, c] for _, (q, s, i, c) in sorted(samples.items())]


def first_tokens_of(trace):
    """When the first token of every sample was there, after it was due, by its number."""
    found, due, counted = {}, {}, {}
    for line in trace.splitlines():
        field = lambda key: line.split(f'"{key}":')[1].split(',')[0].rstrip('}')
        if line.startswith('{"name":"Token",') and '"ph":"b"' in line:
            found[int(field('sample_seq'))] = int(field('complete_ns'))
        elif line.startswith('{"name":"Sample",') and '"ph":"b"' in line:
            due[field('ts')] = int(field('sample_seq'))
        elif line.startswith('{"name":"Token_Latency",'):
            # In Server only this counter is kept, which names the sample by when it was due.
            counted[field('ts')] = int(field('issue_delay')) + int(field('issue_to_done'))
    found.update({due[ts]: ns for ts, ns in counted.items() if ts in due})
    return [found[i] for i in sorted(found)]


def detail_of(log):
    entries = [json.loads(line.removeprefix(':::MLLOG '), parse_int=lambda text: int(text)) for line in log.splitlines()]
    return [[e['key'], big(e['value'])] for e in entries if e['key'].startswith(ABOUT_THE_RUN)]


def peak(case):
    """Rates in the order in which LoadGen tried them, and which of them it found to be met."""
    import re
    import mlperf_loadgen as lg

    settings = lg.TestSettings()
    settings.scenario, settings.mode = lg.TestScenario.Server, lg.TestMode.FindPeakPerformance
    common = dict(min_duration_ms=600, min_query_count=1, server_target_latency_ns=150_000_000, **SEEDS)
    for key, value in {**common, **case['settings']}.items():
        setattr(settings, key, value)
    work = queue.Queue()

    def serve():
        while (samples := work.get()) is not None:
            for id in samples:
                time.sleep(case['wait'] / 1000)
                address, kept = ctypes_buffer(bytes(4))
                lg.QuerySamplesComplete([lg.QuerySampleResponse(id, address, 4)])

    thread = threading.Thread(target=serve)
    thread.start()
    sut = lg.ConstructSUT(lambda samples: work.put([sample.id for sample in samples]), lambda: None)
    qsl = lg.ConstructQSL(64, 64, lambda samples: None, lambda samples: None)
    with tempfile.TemporaryDirectory() as folder:
        log, output = lg.LogSettings(), lg.LogOutputSettings()
        output.outdir = folder
        log.log_output = output
        lg.StartTestWithLogSettings(sut, qsl, settings, log, '')
        work.put(None)
        thread.join()
        lines = (pathlib.Path(folder) / 'mlperf_log_detail.txt').read_text().splitlines()
    said = [entry['value'] for entry in (json.loads(line.removeprefix(':::MLLOG ')) for line in lines)
            if entry['key'] in ('generic_message', 'error_runtime')]
    numbers = lambda text: [float(number) for number in re.findall(r'\d+\.\d+', text)]
    asked, low, high, found = [], None, None, None
    for text in said:
        if 'Check validity of the base' in text:
            asked.append(numbers(text)[0])
        elif 'FindBoundaries: Checking' in text:
            low, high = numbers(text)
            asked.append(high)
        elif 'Testing the mid value' in text:
            low, high, middle = numbers(text)
            asked.append(middle)
        elif 'Found boundaries' in text:
            low, high = numbers(text)
        elif 'Found peak performance' in text:
            found = numbers(text)[0]
    return {'name': case['name'], 'settings': case['settings'], 'asked': asked, 'found': found}


def record(cases, name):
    runs = []
    for case in cases:
        result = subprocess.run([sys.executable, __file__, case['name']], check=True, capture_output=True, text=True)
        runs.append(result.stdout.splitlines()[-1])
    out = pathlib.Path(__file__).parents[2] / 'packages/flagperf/goldens/loadgen' / name
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text('[\n' + ',\n'.join(runs) + '\n]\n')
    print(f'{len(runs)} runs in {out}')


if __name__ == '__main__':
    if sys.argv[1:2] == ['--peak-of']:
        print('\n' + json.dumps(peak(next(case for case in PEAKS if case['name'] == sys.argv[2]))))
        sys.exit()
    if sys.argv[1:] == ['--peak']:
        made = [subprocess.run([sys.executable, __file__, '--peak-of', case['name']], check=True, capture_output=True,
                               text=True).stdout.splitlines()[-1] for case in PEAKS]
        out = pathlib.Path(__file__).parents[2] / 'packages/flagperf/goldens/loadgen/peak.json'
        out.write_text('[\n' + ',\n'.join(made) + '\n]\n')
        print(f'{len(made)} searches in {out}')
        sys.exit()
    if len(sys.argv) > 1:
        if sys.argv[1:] == ['--tokens']:
            record(TOKEN_CASES, 'tokens.json')
            sys.exit()
        case = next(case for case in CASES + TOKEN_CASES if case['name'] == sys.argv[1])
        print('\n' + json.dumps(run(case), separators=(',', ':')))
        sys.exit()
    record(CASES, 'runs.json')
