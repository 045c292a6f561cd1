"""Word counts: features of texts that need no pretrained model."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

WIDTH = 128  # numbers of each text; more do not help a ridge on some hundred labels


def word_counts(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """(n, E) float32: TF-IDF of words and pairs of words, and its first singular vectors.

    This is latent semantic analysis (Deerwester et al., "Indexing by Latent Semantic Analysis",
    JASIS 1990); E is at most 128, and less than the texts and their different words.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        counts = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit_transform(texts)
    except ValueError:  # no words at all
        return np.zeros((len(texts), 1), np.float32)
    width = min(WIDTH, min(counts.shape) - 1)
    if width < 1:
        return np.asarray(counts.toarray(), np.float32)
    found = TruncatedSVD(width, random_state=0).fit_transform(counts)
    return np.asarray(found, np.float32)
