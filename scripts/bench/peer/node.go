package main

import (
	"io"
	"os"
	"path/filepath"

	cfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/types"
)

// runNode is one validator with its application in the same process, until standard input ends: no orphan survives the bench.
func runNode(dir string, i, port int, gossip, unsigned bool) error {
	c := tuned(home(dir, i), i, port, gossip)
	peers, err := os.ReadFile(filepath.Join(dir, "peers"))
	if err != nil {
		return err
	}
	c.P2P.PersistentPeers = string(peers) // its own address among them is known and skipped
	key, err := p2p.LoadNodeKey(c.NodeKeyFile())
	if err != nil {
		return err
	}
	genesis := func() (*types.GenesisDoc, error) { return types.GenesisDocFromFile(filepath.Join(dir, "genesis.json")) }
	n, err := node.NewNode(c,
		privval.LoadFilePV(c.PrivValidatorKeyFile(), c.PrivValidatorStateFile()),
		key,
		// One lock for each of the four connections: mempool, consensus and queries go on at the same time.
		proxy.NewConnSyncLocalClientCreator(&app{checker: newChecker(), unsigned: unsigned}),
		genesis, cfg.DefaultDBProvider, node.DefaultMetricsProvider(c.Instrumentation),
		log.NewFilter(log.NewTMLogger(log.NewSyncWriter(os.Stderr)), log.AllowError()))
	if err != nil {
		return err
	}
	if err := n.Start(); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = n.Stop()
	n.Wait()
	return nil
}
