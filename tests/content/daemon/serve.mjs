// Starts one IPFS daemon for the tests of content.kubo: offline, no peers, its API on a free loopback port.
// Usage: node serve.mjs REPOSITORY. Prints one JSON line {"api": "<multiaddress>"} when ready; SIGTERM stops it.
import { create } from 'ipfs-core'
import { HttpApi } from 'ipfs-http-server'

const ipfs = await create({
  repo: process.argv[2],
  offline: true,
  silent: true,
  init: { emptyRepo: true, algorithm: 'Ed25519' },
  config: {
    Bootstrap: [],
    Addresses: { Swarm: [], API: '/ip4/127.0.0.1/tcp/0', Gateway: [], Delegates: [] },
    Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } },
    Routing: { Type: 'none' }
  }
})
const api = new HttpApi(ipfs)
await api.start()
const [server] = api._apiServers
console.log(JSON.stringify({ api: server.info.ma }))

process.on('SIGTERM', async () => {
  await api.stop()
  await ipfs.stop()
  process.exit(0)
})
