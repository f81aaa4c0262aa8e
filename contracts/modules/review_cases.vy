# pragma version ~=0.4.3
"""
@title Review cases: what the registry knows of a contribution, and what a committee for it costs
@license AGPL-3.0-only
"""

from ..interfaces import IDatanetRegistry
from . import review_rounds

struct Case:
    datanet_id: uint256
    contributor: address
    modality: uint256
    status: uint256
    terms: IDatanetRegistry.Terms


DATANET_REGISTRY: public(immutable(address))


@deploy
def __init__(datanet_registry: address):
    """
    @dev What the court decides on, for ever.
    """
    assert datanet_registry != empty(address), "court: registry is zero"
    DATANET_REGISTRY = datanet_registry


@internal
@view
def _load(contribution_id: uint256) -> Case:
    """
    @dev What the registry knows of a contribution; all zero for one that was not revealed.
    """
    datanet_id: uint256 = 0
    contributor: address = empty(address)
    modality: IDatanetRegistry.Modality = empty(IDatanetRegistry.Modality)
    status: IDatanetRegistry.Status = empty(IDatanetRegistry.Status)
    terms: IDatanetRegistry.Terms = empty(IDatanetRegistry.Terms)
    datanet_id, contributor, modality, status, terms = staticcall IDatanetRegistry(DATANET_REGISTRY).review_terms(
        contribution_id
    )
    return Case(
        datanet_id=datanet_id,
        contributor=contributor,
        modality=convert(modality, uint256),
        status=convert(status, uint256),
        terms=terms,
    )


@internal
@pure
def _reserve_wei(terms: IDatanetRegistry.Terms, level: uint256) -> uint256:
    """
    @dev The most that a level's committee can earn.
    """
    size: uint256 = review_rounds._size_of(terms.committee_size, level)
    return size * (terms.review_fee_wei + terms.review_reward_wei)
