# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Snapshots: a Datanet's versions, each the root of a dataset of accepted contributions
@license AGPL-3.0-only
@notice Versions count from 1 in each Datanet. A root may be recorded by more than one Datanet, once in each, so that
        nobody keeps it from another by recording it first.
"""

from ..interfaces import IDatanetRegistry
from . import datanet_rows
from . import datanets

uses: datanets

# the Datanet that recorded a dataset root first, 0 where none did
snapshot_datanet: public(HashMap[bytes32, uint256])
# Datanet -> dataset root -> its version there, 0 where it has none
snapshot_version: public(HashMap[uint256, HashMap[bytes32, uint256]])


@external
def record_snapshot(
    datanet_id: uint256, dataset_root: bytes32, manifest_digest: bytes32, contribution_count: uint256
) -> uint256:
    """
    @notice Records the root of a dataset of accepted contributions as the Datanet's next version. Adapters then name it
            as trained on.
    @dev Readers check the root against the accepted contributions that the events list; here it only gets its Datanet,
         version and time.
    @param datanet_id A Datanet that you own or curate.
    @param dataset_root Root of the snapshot's indexed tree, not yet recorded in this Datanet.
    @param manifest_digest sha-256 of the snapshot's lines.
    @param contribution_count Contributions in it, more than 0.
    @return The version.
    """
    datanets._check_curator(datanet_id)
    assert dataset_root != empty(bytes32), "snapshots: dataset root is zero"
    assert contribution_count > 0, "snapshots: snapshot is empty"
    assert self.snapshot_version[datanet_id][dataset_root] == 0, "snapshots: dataset root already recorded"
    terms: uint256 = datanets._terms[datanet_id] + datanet_rows.ONE_VERSION
    version: uint256 = datanet_rows._version_of(terms)
    datanets._terms[datanet_id] = terms
    self.snapshot_version[datanet_id][dataset_root] = version
    if self.snapshot_datanet[dataset_root] == 0:
        self.snapshot_datanet[dataset_root] = datanet_id
    log IDatanetRegistry.SnapshotRecorded(
        datanet_id=datanet_id,
        dataset_root=dataset_root,
        version=version,
        manifest_digest=manifest_digest,
        contribution_count=contribution_count,
    )
    return version
