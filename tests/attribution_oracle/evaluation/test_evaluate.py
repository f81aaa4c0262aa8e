"""Rows of a method agree with the metrics that they are made of."""

import numpy as np
import pytest

from attribution_oracle.errors import BankInvalid, MethodUnknown
from attribution_oracle.evaluation import evaluate, metrics
from attribution_oracle.evaluation.correlation import spearman
from attribution_oracle.evaluation.methods import Table, group_table, known_methods, score_tables


@pytest.fixture
def tables(tiny_bank):
    """Two methods on two adapters, random scores."""
    draw = np.random.default_rng(0)
    shape = (len(tiny_bank.queries), len(tiny_bank.train))
    alone = [Table(name, (seed,), draw.normal(size=shape), 2.0) for seed in (5, 6) for name in ("one", "two")]
    return [*alone, Table("two", (5, 6), draw.normal(size=shape), 4.0)]


def test_lds_rows__average_adapters_and_keep_groups_apart(tiny_bank, tables):
    rows = evaluate.lds_rows(tiny_bank, tables)
    assert [(row.method, row.adapters, row.cpu_seconds) for row in rows] == [
        ("one", 1, 2.0), ("two", 1, 2.0), ("two", 2, 4.0),
    ]  # fmt: skip
    half = tiny_bank.group("half")
    own = [table.scores for table in tables if table.method == "one"]
    each = [metrics.query_lds(scores, half.masks, half.losses).mean() for scores in own]
    assert rows[0].values["LDS"].value == pytest.approx(np.mean(each))
    both = metrics.query_lds(tables[-1].scores, half.masks, half.losses).mean()
    assert rows[2].values["LDS"].value == pytest.approx(both)


def test_loo_rows__of_the_served_adapter__use_the_effects_of_its_own_seed(tiny_bank, tables):
    rows = evaluate.loo_rows(tiny_bank, [tables[0], tables[-1]], served=True)
    assert len(rows) == 1
    effects = evaluate.effects_of(tiny_bank, 5)
    predicted = evaluate.predicted_effects(tiny_bank, tables[0].scores)
    assert rows[0].values["Spearman"].value == pytest.approx(spearman(predicted, effects).mean())
    averaged = evaluate.effects_of(tiny_bank)
    np.testing.assert_allclose(averaged, (effects + evaluate.effects_of(tiny_bank, 6)) / 2)


def test_loo_rows__of_a_seed_that_was_not_retrained__are_refused(tiny_bank):
    with pytest.raises(BankInvalid, match="nobody was left out with seed 7; expected one of 5, 6"):
        evaluate.effects_of(tiny_bank, 7)


def test_provenance_rows__ask_only_queries_with_an_owner(tiny_bank):
    owners = [tiny_bank.contributors.index(row.contributor or "ada") for row in tiny_bank.queries]
    perfect = (tiny_bank.owners[None, :] == np.array(owners)[:, None]).astype(float)
    for tag in ("", "reworded"):
        row = evaluate.provenance_rows(tiny_bank, [Table("owner", (5,), perfect, 0.0)], tag=tag)[0]
        assert {value.value for value in row.values.values()} == {1.0}
    with pytest.raises(BankInvalid, match='the tag "none of them"'):
        evaluate.provenance_rows(tiny_bank, [Table("owner", (5,), perfect, 0.0)], tag="none of them")


def test_score_tables__measure_every_adapter_once(tiny_bank, monkeypatch):
    from attribution_oracle.evaluation import methods

    count, real = [], methods.measure
    monkeypatch.setattr(methods, "measure", lambda *args, **kwargs: count.append(1) or real(*args, **kwargs))
    found = list(score_tables(tiny_bank, ["bm25", "grad-dot", "ekfac"], (5, 6)))
    assert [(table.method, table.seeds) for table in found] == [
        ("bm25", (5,)), ("grad-dot", (5,)), ("ekfac", (5,)), ("bm25", (6,)), ("grad-dot", (6,)), ("ekfac", (6,)),
    ]  # fmt: skip
    assert len(count) == 2
    assert all(table.scores.shape == (6, 12) and np.isfinite(table.scores).all() for table in found)


def test_score_tables__charge_the_measurement_to_each_that_reads_it(tiny_bank, monkeypatch):
    from attribution_oracle.evaluation import methods

    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(methods.time, "process_time", lambda: float(next(clock)))
    bm25, dot, cosine = score_tables(tiny_bank, ["bm25", "grad-dot", "grad-cosine"], (5,))
    # a reading of the clock is ten seconds: the measurement takes one inside of the first method that reads it
    assert (bm25.cpu_seconds, dot.cpu_seconds, cosine.cpu_seconds) == (10.0, 30.0, 20.0)


@pytest.mark.parametrize("name", ["path-midpoint", "ekfac"])
def test_group_table__of_two_adapters__is_what_the_method_says_of_both(tiny_bank, name):
    alone = list(score_tables(tiny_bank, [name], (5, 6)))
    both = group_table(tiny_bank, name, (5, 6), alone)
    assert both.seeds == (5, 6)
    assert both.scores.shape == alone[0].scores.shape
    assert all(not np.allclose(both.scores, table.scores) for table in alone)


def test_group_table__of_a_method_that_reads_no_adapter__is_none(tiny_bank):
    assert known_methods()["bm25"].needs == "texts"
    assert group_table(tiny_bank, "bm25", (5, 6), list(score_tables(tiny_bank, ["bm25"], (5, 6)))) is None


def test_score_tables__of_an_unknown_method__list_the_known_ones(tiny_bank):
    with pytest.raises(MethodUnknown, match=r'no method is called "guess"; expected one of .*ekfac.*grad-dot'):
        list(score_tables(tiny_bank, ["guess"], (5,)))
