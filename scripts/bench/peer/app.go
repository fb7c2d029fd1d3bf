package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/cometbft/cometbft/abci/types"
)

// app orders signed transactions and counts them; it keeps no accounts, which is less than Bursar's ledger does.
type app struct {
	types.BaseApplication
	checker  *checker
	unsigned bool // leaves out the signatures: what the node costs without them
	ordered  int64
	final    atomic.Int64
	height   atomic.Int64
}

func (a *app) check(tx []byte) error {
	if a.unsigned {
		return nil
	}
	return a.checker.check(tx)
}

func (a *app) CheckTx(_ context.Context, r *types.RequestCheckTx) (*types.ResponseCheckTx, error) {
	if err := a.check(r.Tx); err != nil {
		return &types.ResponseCheckTx{Code: 1, Log: err.Error()}, nil
	}
	return &types.ResponseCheckTx{Code: types.CodeTypeOK}, nil
}

func (a *app) ProcessProposal(_ context.Context, r *types.RequestProcessProposal) (*types.ResponseProcessProposal, error) {
	for _, tx := range r.Txs {
		if a.check(tx) != nil {
			return &types.ResponseProcessProposal{Status: types.ResponseProcessProposal_REJECT}, nil
		}
	}
	return &types.ResponseProcessProposal{Status: types.ResponseProcessProposal_ACCEPT}, nil
}

func (a *app) FinalizeBlock(_ context.Context, r *types.RequestFinalizeBlock) (*types.ResponseFinalizeBlock, error) {
	results := make([]*types.ExecTxResult, len(r.Txs))
	for i := range results {
		results[i] = &types.ExecTxResult{Code: types.CodeTypeOK}
	}
	a.ordered += int64(len(r.Txs))
	a.height.Store(r.Height)
	hash := binary.BigEndian.AppendUint64(nil, uint64(a.ordered))
	return &types.ResponseFinalizeBlock{TxResults: results, AppHash: hash}, nil
}

// Commit makes what FinalizeBlock counted visible.
func (a *app) Commit(context.Context, *types.RequestCommit) (*types.ResponseCommit, error) {
	a.final.Store(a.ordered)
	return &types.ResponseCommit{}, nil
}

// Query answers "height final transactions" whatever is asked.
func (a *app) Query(context.Context, *types.RequestQuery) (*types.ResponseQuery, error) {
	return &types.ResponseQuery{Value: fmt.Appendf(nil, "%d %d", a.height.Load(), a.final.Load())}, nil
}
