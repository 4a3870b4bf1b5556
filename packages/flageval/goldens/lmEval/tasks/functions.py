"""The functions that the tasks name, for lm-eval; functions.mjs is the same for this package."""


def process_docs(dataset):
    return dataset.filter(lambda doc: len(doc["word"]) > 3)


def doc_to_text(doc):
    return f"word: {doc['word']}"


def process_results(doc, results):
    answer = results[0]
    return {
        "length": len(answer),
        "spread": (len(answer), len(doc["word"])),
        "middle": float(answer.count(" ")),
    }


def spread(items):
    return max(a for a, _ in items) - min(b for _, b in items)


def overlap(references, predictions, weight):
    shared = set(references[0]) & set(predictions[0])
    return weight * len(shared) / len(set(references[0]))
