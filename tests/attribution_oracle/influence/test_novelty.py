"""What copies earn: nothing; what their victims lose: nothing."""

import numpy as np
import pytest
import torch

from attribution_oracle.influence.novelty import apply_residuals, sequential_residuals, unit_rows

RULES = {"related_cosine": 0.1, "near_duplicate_cosine": 0.95, "residual_floor": 0.3}


def random_units(count, size, *, seed=0):
    return unit_rows(torch.randn(count, size, generator=torch.Generator().manual_seed(seed)))


def near(row, cosine, *, seed):
    """A unit row at the given cosine to `row`."""
    other = random_units(1, len(row), seed=seed)[0]
    other -= (other @ row) * row
    return cosine * row + (1 - cosine**2) ** 0.5 * other / other.norm()


def residuals_of(rows, **changes):
    return sequential_residuals((rows @ rows.T).double().numpy(), **(RULES | changes))


def paid_rows(rows, **changes):
    return apply_residuals(rows.clone(), residuals_of(rows, **changes))


def test_residuals_equal_gram_schmidt_in_commit_order():
    rows = random_units(6, 40)
    expected = rows.double().numpy().copy()
    for i in range(1, len(rows)):
        q, _ = np.linalg.qr(rows[:i].double().numpy().T)
        expected[i] -= q @ (q.T @ expected[i])
    found = paid_rows(rows, related_cosine=0.0)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)
    norms = [residual.norm for residual in residuals_of(rows, related_cosine=0.0)]
    np.testing.assert_allclose(norms, np.linalg.norm(expected, axis=1), atol=1e-6)


def test_exact_copy_is_paid_nothing():
    rows = random_units(4, 500)
    paid = paid_rows(torch.cat([rows, rows[2:3], rows[2:3]]))
    assert not paid[4:].any()


@pytest.mark.parametrize("cosine", [0.999, 0.96, -0.97])
def test_near_duplicate_is_paid_nothing(cosine):
    rows = random_units(4, 500)
    assert not paid_rows(torch.cat([rows, near(rows[1], cosine, seed=9)[None]]))[4].any()


@pytest.mark.parametrize("cosine", [0.9, 0.6, -0.8])
def test_reworded_copy_is_paid_only_for_what_it_adds(cosine):
    rows = random_units(4, 500)
    paid = paid_rows(torch.cat([rows, near(rows[1], cosine, seed=9)[None]]))
    assert abs(paid[4] @ rows[1]) < 1e-5
    assert paid[4].norm() == pytest.approx((1 - cosine**2) ** 0.5, abs=0.02)


def test_many_partial_copies_together_take_nothing_of_the_original():
    rows = random_units(1, 2000)
    copies = torch.stack([near(rows[0], 0.8, seed=k) for k in range(1, 11)])
    paid = paid_rows(torch.cat([rows, copies]))
    assert torch.equal(paid[0], rows[0])
    assert (paid[1:] @ rows[0]).abs().max() < 1e-5


def test_later_rows_never_change_what_earlier_rows_are_paid():
    # A bridge related to two rows that were strangers must not join them: that would be a way to hurt the second.
    first, second = random_units(2, 3000)
    bridge = unit_rows((first + second)[None])[0]
    before = residuals_of(torch.stack([first, second]))
    after = residuals_of(torch.stack([first, second, bridge]), near_duplicate_cosine=0.5)
    assert [residual.norm for residual in before] == [residual.norm for residual in after[:2]]
    assert after[2].is_copy


def test_length_of_a_gradient_buys_nothing():
    rows = torch.randn(5, 300, generator=torch.Generator().manual_seed(4))
    louder = rows.clone()
    louder[3] *= 10
    torch.testing.assert_close(unit_rows(louder), unit_rows(rows))


def test_unrelated_rows_are_left_exactly_as_they_are():
    rows = torch.eye(5)
    assert torch.equal(paid_rows(rows), rows)


def test_row_of_zeros_is_paid_nothing():
    rows = unit_rows(torch.cat([random_units(2, 50), torch.zeros(1, 50)]))
    assert residuals_of(rows)[2].is_copy
