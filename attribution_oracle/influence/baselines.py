"""Published methods on one adapter's LoRA gradients: functions of a `Measurement` that return `(n_query, n_train)`.

Formulas, with train gradients g_i, a query's gradient q, and n train examples:
    gradient dot, cosine   q^T g_i;  q^T g_i / (|q| |g_i|)                                 TracIn, Pruthi et al. 2020
    empirical Fisher       q^T (sum_j g_j g_j^T / n + d I)^-1 g_i,   d = damping * (mean of the nonzero eigenvalues)
    DataInf                sum over matrices l of  q_l^T { 1/n sum_j (g_j g_j^T + d_l I)^-1 } g_i   Kwon et al. 2023
                           each inverse in closed form: (v - (g_j^T v) g_j / (d_l + |g_j|^2)) / d_l
    TRAK                   (S q)^T (sum_j S g_j g_j^T S^T + d I)^-1 S g_i,   S (k, P) random   Park et al. 2023, eq. 16,
                           of losses rather than margins, so the weights (1 - p) fall away
    K-FAC                  q^T (A x S + d_l I)^-1 g_i,   labels sampled        Martens & Grosse 2015; Grosse et al. 2023
    EK-FAC                 the same with corrected eigenvalues (`ekfac`)
All correct the query first, so none forms a matrix of train rows by train rows but the empirical Fisher matrix, whose
inverse needs it (`span`): `n^2 P` multiplications.
"""

from __future__ import annotations

import torch
from torch import Tensor

from attribution_oracle.influence.ekfac import Whitening, damped, fit_whitening, whiten
from attribution_oracle.influence.measurement import Measurement
from attribution_oracle.influence.projection import gaussian
from attribution_oracle.influence.span import conjugate_gradients, ridge_inverse, span_corrected


def gradient_dot(m: Measurement) -> Tensor:
    """Dot products of gradients."""
    return m.queries @ m.train.T


def gradient_cosine(m: Measurement) -> Tensor:
    """Cosines of gradients."""
    return _unit(m.queries) @ _unit(m.train).T


def empirical_fisher(m: Measurement, *, damping: float = 1.0) -> Tensor:
    """The exact damped inverse of the train gradients' second moment."""
    ridge = damping * float(m.train.double().square().sum()) / len(m.train) / min(m.train.shape)
    return ridge_inverse(m.queries, m.train, ridge) @ m.train.T


def datainf(m: Measurement, *, damping: float = 0.1) -> Tensor:
    """DataInf, matrix by matrix, with d_l = `damping` times the mean squared gradient of a number of the matrix."""
    scores = torch.zeros(len(m.queries), len(m.train))
    for basis in m.bases:
        train, queries = (rows[:, basis.start : basis.stop] for rows in (m.train, m.queries))
        ridge = _ridge(train, damping)
        if ridge > 0:  # a matrix without gradients tells nothing
            weights = (queries @ train.T) / (ridge + train.square().sum(1))
            scores += (queries - weights @ train / len(train)) @ train.T / ridge
    return scores


def trak(m: Measurement, *, size: int = 4_096, damping: float = 1.0, seed: int = 0) -> Tensor:
    """TRAK of one model, projected to `size` numbers; d = `damping` times the mean nonzero eigenvalue."""
    return trak_of_features(*(gaussian(rows, size=size, seed=seed) for rows in (m.queries, m.train)), damping=damping)


def trak_of_features(queries: Tensor, train: Tensor, *, damping: float) -> Tensor:
    """TRAK's score of projected gradients `(n, k)`, by a matrix of the smaller of n and k rows."""
    n, size = train.shape
    ridge = damping * float(train.double().square().sum()) / min(n, size)
    if n < size:
        return ridge_inverse(queries, train, ridge / n) / n @ train.T
    kernel = (train.T @ train).double()
    kernel.diagonal().add_(ridge)
    corrected: Tensor = torch.linalg.solve(kernel, queries.T.double()).T.float()
    return corrected @ train.T


def kfac(m: Measurement, *, damping: float = 0.1) -> Tensor:
    """K-FAC with sampled labels."""
    whitening = Whitening(list(m.bases), damped(m.bases, m.spectrum.clone(), damping=damping).rsqrt_())
    return whiten(whitening, m.queries.clone()) @ whiten(whitening, m.train.clone()).T


def ekfac(m: Measurement, *, damping: float = 0.1) -> Tensor:
    """EK-FAC with sampled labels."""
    queries, train, _ = white_rows(m, damping=damping)
    return queries @ train.T


def ekfac_cosine(m: Measurement, *, damping: float = 0.1) -> Tensor:
    """EK-FAC with white rows at length one."""
    queries, train, _ = white_rows(m, damping=damping)
    return _unit(queries) @ _unit(train).T


def ekfac_span(m: Measurement, *, damping: float = 0.1, rho: float = 0.8) -> Tensor:
    """EK-FAC with span correction by the sampled rows of all draws."""
    queries, train, sampled = white_rows(m, damping=damping)
    return span_corrected(queries, sampled, rho=rho) @ train.T


def ekfac_cg(m: Measurement, *, damping: float = 0.1, rho: float = 0.1, steps: int = 4) -> Tensor:
    """EK-FAC as preconditioner of `steps` conjugate gradients on the sampled Fisher matrix."""
    queries, train, sampled = white_rows(m, damping=damping)
    return conjugate_gradients(queries, sampled, rho=rho, steps=steps) @ train.T


def white_rows(m: Measurement, *, damping: float) -> tuple[Tensor, Tensor, Tensor]:
    """White rows of the queries, the train examples and the sampled labels of all draws."""
    drawn = m.sampled.flatten(0, 1)
    whitening = fit_whitening(list(m.bases), drawn, damping=damping)
    return whiten(whitening, m.queries.clone()), whiten(whitening, m.train.clone()), whiten(whitening, drawn.clone())


def _ridge(rows: Tensor, damping: float) -> float:
    return damping * float(rows.double().square().mean())


def _unit(rows: Tensor) -> Tensor:
    return torch.nn.functional.normalize(rows, dim=1)
