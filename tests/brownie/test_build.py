"""Brownie uses the artifacts that the hook makes: reverts in modules are found, and it never compiles by itself."""

import brownie
import pytest


@pytest.fixture(scope="module")
def token(module_isolation, roles):
    return brownie.project.get_loaded_projects()[0]["OpenToken"].deploy(roles.holder, {"from": roles.deployer})


def test_project__holds_deployables_and_no_modules():
    project = brownie.project.get_loaded_projects()[0]
    assert "OpenToken" in project
    assert not any(name[0].islower() for name in project.keys())  # noqa: SIM118 - a Project iterates over containers


def test_revert__in_a_module__is_traced_to_its_source(token, roles):
    with brownie.reverts("erc20: transfer amount exceeds balance"):
        token.transfer(roles.holder, 1, {"from": roles.outsider})
    traceback = brownie.history[-1]._traceback_string()
    assert "snekmate/tokens/erc20.vy" in traceback
    assert "transfer amount exceeds balance" in traceback


def test_revert__of_a_check_of_the_compiler__has_its_name(token, roles):
    with brownie.reverts(dev_revert_msg="bad calldatasize or callvalue"):
        roles.outsider.transfer(token, data=token.totalSupply.signature[:10], amount=1)


def test_chain__is_the_pinned_anvil():
    assert brownie.web3.client_version.startswith("anvil/v1.7.1")
