package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	cfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/types"
)

const nodes = 4

// tuned is the configuration of node i: CometBFT's own, with every bound that would throttle four nodes on loopback out of the way.
func tuned(home string, i, port int, gossip bool) *cfg.Config {
	c := cfg.DefaultConfig().SetRoot(home)
	c.LogLevel = "error"
	c.TxIndex.Indexer = "null"
	c.Consensus.CreateEmptyBlocks = false
	c.Consensus.TimeoutCommit = 0
	c.Consensus.SkipTimeoutCommit = true
	c.Consensus.PeerGossipSleepDuration = 5 * time.Millisecond
	c.Mempool.Recheck = false
	c.Mempool.Broadcast = gossip
	c.Mempool.Size = 50_000
	c.Mempool.CacheSize = 400_000
	c.P2P.ListenAddress = fmt.Sprintf("tcp://127.0.0.1:%d", port+2*i)
	c.P2P.AddrBookStrict = false
	c.P2P.AllowDuplicateIP = true
	c.P2P.PexReactor = false
	c.P2P.SendRate = 1 << 30
	c.P2P.RecvRate = 1 << 30
	c.P2P.FlushThrottleTimeout = 5 * time.Millisecond
	c.P2P.MaxPacketMsgPayloadSize = 16_384
	c.RPC.ListenAddress = fmt.Sprintf("tcp://127.0.0.1:%d", port+2*i+1)
	c.RPC.MaxRequestBatchSize = 0
	return c
}

// initialise makes the keys and the genesis of four validators of equal weight and the file that says who is where.
func initialise(dir string, port int) error {
	doc := types.GenesisDoc{ChainID: "bench", GenesisTime: time.Now(), ConsensusParams: types.DefaultConsensusParams()}
	var peers []string
	for i := range nodes {
		c := tuned(home(dir, i), i, port, true)
		cfg.EnsureRoot(c.RootDir)
		key, err := p2p.LoadOrGenNodeKey(c.NodeKeyFile())
		if err != nil {
			return err
		}
		pv := privval.LoadOrGenFilePV(c.PrivValidatorKeyFile(), c.PrivValidatorStateFile())
		pub, err := pv.GetPubKey()
		if err != nil {
			return err
		}
		doc.Validators = append(doc.Validators, types.GenesisValidator{PubKey: pub, Power: 1})
		peers = append(peers, p2p.IDAddressString(key.ID(), strings.TrimPrefix(c.P2P.ListenAddress, "tcp://")))
	}
	if err := os.WriteFile(filepath.Join(dir, "peers"), []byte(strings.Join(peers, ",")), 0o600); err != nil {
		return err
	}
	return doc.SaveAs(filepath.Join(dir, "genesis.json"))
}

func home(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("node-%d", i)) }
