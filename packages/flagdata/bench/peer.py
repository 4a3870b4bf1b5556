"""One timed run of datatrove: input, output, filters | minhash | parquet, workers, fastText model. Prints seconds as JSON."""

import json
import os
import sys
import time

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader, ParquetReader
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter
from datatrove.utils.lid import FT176LID
from fasttext.FastText import _FastText


class LocalModel(FT176LID):
    """lid.176 from a file, where datatrove would download it."""

    def __init__(self, path):
        super().__init__(None)
        self.path = path

    @property
    def model(self):
        if self._model is None:
            self._model = _FastText(self.path)
        return self._model


def language(path, exclusion_writer):
    step = LanguageFilter(exclusion_writer=exclusion_writer)
    step.model = LocalModel(path)
    return step


def execute(folder, stage, workers, tasks, *steps):
    LocalPipelineExecutor(
        list(steps), tasks=tasks, workers=workers, logging_dir=f"{folder}/log{stage}", start_method="fork"
    ).run()


def main(source, output, task, workers, model):
    workers = int(workers)
    start = time.monotonic()
    if task == "filters":
        execute(
            output, 0, workers, workers,
            JsonlReader(source),
            GopherRepetitionFilter(exclusion_writer=JsonlWriter(f"{output}/removed/1")),
            GopherQualityFilter(exclusion_writer=JsonlWriter(f"{output}/removed/2")),
            C4QualityFilter(filter_no_terminal_punct=False, exclusion_writer=JsonlWriter(f"{output}/removed/3")),
            FineWebQualityFilter(exclusion_writer=JsonlWriter(f"{output}/removed/4")),
            PIIFormatter(),
            language(model, JsonlWriter(f"{output}/removed/5")),
            JsonlWriter(f"{output}/kept"),
        )  # fmt: skip
    elif task == "parquet":
        execute(
            output, 0, workers, workers,
            ParquetReader(source, glob_pattern="*.parquet"),
            ParquetWriter(f"{output}/kept"),
        )  # fmt: skip
    else:
        config = MinhashConfig()
        stages = [f"{output}/s", f"{output}/b", f"{output}/c"]
        # A task per file, so that documents have the same order as ours, and the same ones of each cluster stay.
        files = len(os.listdir(source))
        execute(output, 1, workers, files, JsonlReader(source), MinhashDedupSignature(stages[0], config))
        execute(output, 2, workers, config.num_buckets, MinhashDedupBuckets(stages[0], stages[1], config=config))
        execute(output, 3, 1, 1, MinhashDedupCluster(stages[1], stages[2], config))
        execute(
            output, 4, workers, files,
            JsonlReader(source),
            MinhashDedupFilter(stages[2], exclusion_writer=JsonlWriter(f"{output}/removed")),
            JsonlWriter(f"{output}/kept"),
        )  # fmt: skip
    seconds = time.monotonic() - start
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    os.environ["LOGURU_LEVEL"] = "ERROR"
    main(*sys.argv[1:])
