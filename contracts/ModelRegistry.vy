# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The registry of models: base models, adapters, their lineage, prices and operators
@license AGPL-3.0-only
@notice An adapter names the base that it runs on, the parent that it was trained from, the dataset roots that it was
        trained on, and its licence; whoever pays for its answers pays by this lineage.
@dev Powers: an adapter's owner sets its price, operators and activity, and can mark it as deprecated. Base, parent,
     digests, licence, dataset roots and royalty are fixed for ever, so that a payee cannot be written out. Nobody
     holds power over another's adapter; no OPEN lies here. Lineage has no cycle: a parent exists before its child.
     Royalties are bounded by 20 % of what is left at the child, and by MAX_LINEAGE_DEPTH adapters, so the payees'
     shares always sum to 10,000.
@custom:halt An adapter's owner stops its sales with `set_active(id, False)`.
"""

from .interfaces import IDatanetRegistry
from .interfaces import IModelRegistry
from .modules import adapter_rows
from .modules import prices

implements: IModelRegistry
initializes: prices

MAX_DATASET_ROOTS: constant(uint256) = 16
MAX_LINEAGE_DEPTH: constant(uint256) = 8
TOTAL_BPS: constant(uint256) = 10_000
MAX_ROYALTY_BPS: public(constant(uint256)) = 2_000

_MASK_32: constant(uint256) = 2**32 - 1
_DEPRECATED: constant(uint256) = 2**32

DATANET_REGISTRY: public(immutable(address))

base_count: public(uint256)
adapter_count: public(uint256)
_bases: HashMap[uint256, IModelRegistry.BaseModel]
# packed by the module adapter_rows
_rows: HashMap[uint256, uint256]
_weights: HashMap[uint256, bytes32]
_manifests: HashMap[uint256, bytes32]
_licences: HashMap[uint256, bytes32]
# is_deprecated (1 bit) | successor (32)
_successors: HashMap[uint256, uint256]
_dataset_roots: HashMap[uint256, DynArray[bytes32, MAX_DATASET_ROOTS]]
_operators: HashMap[uint256, HashMap[address, bool]]


@deploy
def __init__(datanet_registry: address):
    """
    @notice Binds the registry of models to the registry whose dataset roots it accepts.
    @dev Fixed for ever.
    @param datanet_registry The DatanetRegistry.
    """
    assert datanet_registry != empty(address), "model_registry: datanet registry is the zero address"
    DATANET_REGISTRY = datanet_registry


# anyone
@external
def register_base(weights_digest: bytes32, manifest_digest: bytes32, licence_digest: bytes32) -> uint256:
    """
    @notice Registers a base model for adapters to build on.
    @dev Open to all: a base pays nobody, and an adapter's users see which one it names.
    @param weights_digest sha-256 of the weights.
    @param manifest_digest sha-256 of the manifest.
    @param licence_digest sha-256 of the licence: its SPDX identifier, or its text.
    @return The new base's id, from 1.
    """
    self._check_digests(weights_digest, manifest_digest, licence_digest)
    base_id: uint256 = self.base_count + 1
    self.base_count = base_id
    self._bases[base_id] = IModelRegistry.BaseModel(
        owner=msg.sender,
        weights_digest=weights_digest,
        manifest_digest=manifest_digest,
        licence_digest=licence_digest,
    )
    log IModelRegistry.BaseRegistered(
        base_id=base_id,
        owner=msg.sender,
        weights_digest=weights_digest,
        manifest_digest=manifest_digest,
        licence_digest=licence_digest,
    )
    return base_id


@external
def register_adapter(
    base_id: uint256,
    parent_id: uint256,
    weights_digest: bytes32,
    manifest_digest: bytes32,
    licence_digest: bytes32,
    dataset_roots: DynArray[bytes32, MAX_DATASET_ROOTS],
    royalty_bps: uint256,
    input_price_wei_per_1k: uint256,
    output_price_wei_per_1k: uint256,
) -> uint256:
    """
    @notice Registers an adapter that you own and operate; it is active at once.
    @dev The parent exists before and shares the base, so lineage is a forest of bounded depth.
    @param base_id The base that it runs on.
    @param parent_id The adapter that it was trained from, 0 for none; it must share the base.
    @param weights_digest sha-256 of the weights.
    @param manifest_digest sha-256 of the manifest.
    @param licence_digest sha-256 of the licence: its SPDX identifier, or its text.
    @param dataset_roots Recorded dataset roots that it was trained on, 1 to 16, each once.
    @param royalty_bps What its payees get of the owner part of each child, in basis points, at most 2,000.
    @param input_price_wei_per_1k Wei of OPEN for 1,000 input tokens.
    @param output_price_wei_per_1k Wei of OPEN for 1,000 output tokens.
    @return The new adapter's id, from 1.
    """
    self._check_digests(weights_digest, manifest_digest, licence_digest)
    assert self._bases[base_id].owner != empty(address), "model_registry: no such base"
    assert royalty_bps <= MAX_ROYALTY_BPS, "model_registry: royalty above 2,000 bps"
    depth: uint256 = self._child_depth(parent_id, base_id)
    self._check_dataset_roots(dataset_roots)
    adapter_id: uint256 = self.adapter_count + 1
    self.adapter_count = adapter_id
    self._rows[adapter_id] = adapter_rows._pack(depth, royalty_bps, parent_id, base_id, msg.sender)
    self._weights[adapter_id] = weights_digest
    self._manifests[adapter_id] = manifest_digest
    self._licences[adapter_id] = licence_digest
    self._dataset_roots[adapter_id] = dataset_roots
    log IModelRegistry.AdapterRegistered(
        adapter_id=adapter_id,
        owner=msg.sender,
        base_id=base_id,
        parent_id=parent_id,
        weights_digest=weights_digest,
        manifest_digest=manifest_digest,
        royalty_bps=royalty_bps,
        licence_digest=licence_digest,
        dataset_roots=dataset_roots,
    )
    prices._set(adapter_id, input_price_wei_per_1k, output_price_wei_per_1k)
    return adapter_id


# the adapter's owner
@external
def set_price(adapter_id: uint256, input_price_wei_per_1k: uint256, output_price_wei_per_1k: uint256):
    """
    @notice Sets what your adapter's answers cost from now on.
    @dev Redeems no more from vouchers already signed than their payers agreed to: a voucher is a ceiling.
    @param adapter_id Your adapter.
    @param input_price_wei_per_1k Wei of OPEN for 1,000 input tokens.
    @param output_price_wei_per_1k Wei of OPEN for 1,000 output tokens.
    """
    self._check_owner(adapter_id)
    prices._set(adapter_id, input_price_wei_per_1k, output_price_wei_per_1k)


@external
def set_operator(adapter_id: uint256, operator: address, is_operator: bool):
    """
    @notice Allows or forbids an account to serve your adapter and redeem its vouchers.
    @dev The owner always may; operators stay when the adapter changes hands, until the new owner dismisses them.
    @param adapter_id Your adapter.
    @param operator The account that serves.
    @param is_operator Whether it may.
    """
    self._check_owner(adapter_id)
    assert operator != empty(address), "model_registry: operator is the zero address"
    self._operators[adapter_id][operator] = is_operator
    log IModelRegistry.OperatorSet(adapter_id=adapter_id, operator=operator, is_operator=is_operator)


@external
def set_active(adapter_id: uint256, is_active: bool):
    """
    @notice Puts your adapter on sale or takes it off.
    @dev Children and their royalties to you stay.
    @param adapter_id Your adapter.
    @param is_active Whether answers are sold.
    """
    self._check_owner(adapter_id)
    self._rows[adapter_id] = adapter_rows._with_active(self._rows[adapter_id], is_active)
    log IModelRegistry.AdapterActivated(adapter_id=adapter_id, is_active=is_active)


@external
def deprecate(adapter_id: uint256, successor_id: uint256):
    """
    @notice Tells the users of your adapter to move on, to a successor if there is one. Calling again names another.
    @dev Nothing else changes: it is sold until `set_active(id, False)`, and its children and their royalties to you
         stay. A successor may be deprecated as well, even in favour of this one: follow the links one at a time.
    @param adapter_id Your adapter.
    @param successor_id An adapter of anyone's on the same base, 0 for none.
    """
    self._check_owner(adapter_id)
    if successor_id != 0:
        row: uint256 = self._rows[successor_id]
        assert row != 0, "model_registry: no such successor"
        assert successor_id != adapter_id, "model_registry: adapter succeeds itself"
        shares_base: bool = adapter_rows._base(row) == adapter_rows._base(self._rows[adapter_id])
        assert shares_base, "model_registry: successor has another base"
    self._successors[adapter_id] = _DEPRECATED | successor_id
    log IModelRegistry.AdapterDeprecated(adapter_id=adapter_id, successor_id=successor_id)


@external
def transfer_adapter(adapter_id: uint256, new_owner: address):
    """
    @notice Gives your adapter, with what it will earn, to another owner, at once and for good.
    @dev What was credited before stays credited to you.
    @param adapter_id Your adapter.
    @param new_owner Who owns it from now on.
    """
    self._check_owner(adapter_id)
    assert new_owner != empty(address), "model_registry: new owner is the zero address"
    self._rows[adapter_id] = adapter_rows._with_owner(self._rows[adapter_id], new_owner)
    log IModelRegistry.AdapterOwnerChanged(
        adapter_id=adapter_id, previous_owner=msg.sender, new_owner=new_owner
    )


# readers
@external
@view
def base(base_id: uint256) -> IModelRegistry.BaseModel:
    """
    @notice A base model.
    @dev All zero for an id that does not exist.
    @param base_id The base.
    @return Owner, and the digests of weights, manifest and licence.
    """
    return self._bases[base_id]


@external
@view
def adapter(adapter_id: uint256) -> IModelRegistry.Adapter:
    """
    @notice An adapter.
    @dev All zero for an id that does not exist.
    @param adapter_id The adapter.
    @return Owner, base, parent, digests, royalty, prices, whether it is on sale.
    """
    row: uint256 = self._rows[adapter_id]
    input_price_wei_per_1k: uint256 = 0
    output_price_wei_per_1k: uint256 = 0
    input_price_wei_per_1k, output_price_wei_per_1k = prices._of(adapter_id)
    return IModelRegistry.Adapter(
        owner=adapter_rows._owner(row),
        base_id=adapter_rows._base(row),
        parent_id=adapter_rows._parent(row),
        weights_digest=self._weights[adapter_id],
        manifest_digest=self._manifests[adapter_id],
        royalty_bps=adapter_rows._royalty(row),
        input_price_wei_per_1k=input_price_wei_per_1k,
        output_price_wei_per_1k=output_price_wei_per_1k,
        is_active=adapter_rows._is_active(row),
    )


@external
@view
def dataset_roots(adapter_id: uint256) -> DynArray[bytes32, MAX_DATASET_ROOTS]:
    """
    @notice The dataset roots that an adapter was trained on.
    @dev Empty for an id that does not exist.
    @param adapter_id The adapter.
    @return The roots, as registered.
    """
    return self._dataset_roots[adapter_id]


@external
@view
def licence_of(adapter_id: uint256) -> bytes32:
    """
    @notice The licence that an adapter was registered under.
    @dev Zero for an id that does not exist.
    @param adapter_id The adapter.
    @return sha-256 of the licence: its SPDX identifier, or its text.
    """
    return self._licences[adapter_id]


@external
@view
def is_deprecated(adapter_id: uint256) -> bool:
    """
    @notice Whether an adapter's owner has told its users to move on.
    @dev False for an id that does not exist.
    @param adapter_id The adapter.
    @return True if it has.
    """
    return self._successors[adapter_id] != 0


@external
@view
def successor_of(adapter_id: uint256) -> uint256:
    """
    @notice The adapter that a deprecated adapter's owner names in its place.
    @dev One step: see `deprecate`.
    @param adapter_id The adapter.
    @return The successor's id, 0 for none.
    """
    return self._successors[adapter_id] & _MASK_32


@external
@view
def is_operator(adapter_id: uint256, account: address) -> bool:
    """
    @notice Whether `account` may serve an adapter and redeem its vouchers.
    @dev The owner may; for an adapter that does not exist nobody may.
    @param adapter_id The adapter.
    @param account The account.
    @return True if it may.
    """
    if account == empty(address):
        return False
    return account == adapter_rows._owner(self._rows[adapter_id]) or self._operators[adapter_id][account]


@external
@view
def payees(
    adapter_id: uint256,
) -> (DynArray[address, MAX_LINEAGE_DEPTH], DynArray[uint256, MAX_LINEAGE_DEPTH]):
    """
    @notice Who shares the owner part of an adapter's fees: its owner, then the owners of its ancestors.
    @dev The parent's line gets the parent's royalty of what reaches the child, and so on upwards; each floors, so
         that the basis point left over by rounding stays with the child, and the shares sum to 10,000.
    @param adapter_id The adapter.
    @return Accounts, nearest first (one may appear twice), and their shares in basis points.
    """
    accounts: DynArray[address, MAX_LINEAGE_DEPTH] = []
    shares_bps: DynArray[uint256, MAX_LINEAGE_DEPTH] = []
    row: uint256 = self._rows[adapter_id]
    assert row != 0, "model_registry: no such adapter"
    reaching_bps: uint256 = TOTAL_BPS
    for _: uint256 in range(MAX_LINEAGE_DEPTH):
        parent_row: uint256 = self._rows[adapter_rows._parent(row)]
        passed_bps: uint256 = reaching_bps * adapter_rows._royalty(parent_row) // TOTAL_BPS
        accounts.append(adapter_rows._owner(row))
        shares_bps.append(reaching_bps - passed_bps)
        if passed_bps == 0:
            break
        row = parent_row
        reaching_bps = passed_bps
    return accounts, shares_bps


@external
@view
def quote(adapter_id: uint256, input_tokens: uint256, output_tokens: uint256) -> uint256:
    """
    @notice What an answer costs.
    @dev Each part rounds up, as docs/formats.md says, so that no answer is free by rounding.
    @param adapter_id The adapter.
    @param input_tokens Tokens of the prompt.
    @param output_tokens Tokens of the answer.
    @return Wei of OPEN.
    """
    assert self._rows[adapter_id] != 0, "model_registry: no such adapter"
    return prices._quote(adapter_id, input_tokens, output_tokens)


@internal
@view
def _check_owner(adapter_id: uint256):
    """
    @dev The sender owns the adapter; an adapter that does not exist has no owner.
    """
    assert msg.sender == adapter_rows._owner(self._rows[adapter_id]), "model_registry: sender is not the owner"


@internal
@pure
def _check_digests(weights_digest: bytes32, manifest_digest: bytes32, licence_digest: bytes32):
    """
    @dev All three files are named.
    """
    assert weights_digest != empty(bytes32), "model_registry: weights digest is zero"
    assert manifest_digest != empty(bytes32), "model_registry: manifest digest is zero"
    assert licence_digest != empty(bytes32), "model_registry: licence digest is zero"


@internal
@view
def _child_depth(parent_id: uint256, base_id: uint256) -> uint256:
    """
    @dev The length of the lineage of a child of `parent_id`, itself counted.
    """
    if parent_id == 0:
        return 1
    row: uint256 = self._rows[parent_id]
    assert row != 0, "model_registry: no such parent"
    assert adapter_rows._base(row) == base_id, "model_registry: parent has another base"
    depth: uint256 = adapter_rows._depth(row) + 1
    assert depth <= MAX_LINEAGE_DEPTH, "model_registry: lineage too deep"
    return depth


@internal
@view
def _check_dataset_roots(dataset_roots: DynArray[bytes32, MAX_DATASET_ROOTS]):
    """
    @dev At least one, each recorded by a Datanet, none twice: else contributors go unpaid, or are paid twice.
    """
    assert len(dataset_roots) > 0, "model_registry: no dataset root"
    seen: DynArray[bytes32, MAX_DATASET_ROOTS] = []
    for dataset_root: bytes32 in dataset_roots:
        assert dataset_root not in seen, "model_registry: dataset root named twice"
        datanet_id: uint256 = staticcall IDatanetRegistry(DATANET_REGISTRY).snapshot_datanet(dataset_root)
        assert datanet_id != 0, "model_registry: dataset root not recorded"
        seen.append(dataset_root)
