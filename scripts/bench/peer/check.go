package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519/extra/cache"
)

// A canonical signed transaction (docs/protocol.md): u32 length, body, 64 bytes of signature. In the body the signer's
// key stands behind version (u16) and chain (32 bytes).
const (
	signerAt     = 2 + 32
	bodyMin      = signerAt + 32
	signatureLen = ed25519.SignatureSize
	checkedMax   = 400_000
)

var (
	errForm      = errors.New("no canonical signed transaction")
	errSignature = errors.New("invalid signature")
	domain       = append([]byte{byte(len("bursar/transaction"))}, "bursar/transaction"...)
)

// checker verifies each transaction once: CheckTx remembers, ProcessProposal verifies only what CheckTx has not seen.
// The verifier is CometBFT's own, with expanded public keys kept: the fastest that its users have.
type checker struct {
	verifier *cache.Verifier
	options  *ed25519.Options
	mu       sync.Mutex
	// Two generations, so that the memory is bounded: signed hash → signature.
	young, old map[[32]byte][signatureLen]byte
}

func newChecker() *checker {
	return &checker{
		verifier: cache.NewVerifier(cache.NewLRUCache(4096)),
		options:  &ed25519.Options{Verify: ed25519.VerifyOptionsZIP_215},
		young:    map[[32]byte][signatureLen]byte{},
	}
}

func (c *checker) check(tx []byte) error {
	if len(tx) < 4+bodyMin+signatureLen || int(binary.BigEndian.Uint32(tx)) != len(tx)-4-signatureLen {
		return errForm
	}
	body := tx[4 : len(tx)-signatureLen]
	signature := [signatureLen]byte(tx[len(tx)-signatureLen:])
	h := sha256.New()
	h.Write(domain)
	h.Write(body)
	hash := [32]byte(h.Sum(nil))
	if c.known(hash, signature) {
		return nil
	}
	if !c.verifier.VerifyWithOptions(body[signerAt:bodyMin], hash[:], signature[:], c.options) {
		return errSignature
	}
	c.remember(hash, signature)
	return nil
}

func (c *checker) known(hash [32]byte, signature [signatureLen]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.young[hash]; ok {
		return s == signature
	}
	s, ok := c.old[hash]
	return ok && s == signature
}

func (c *checker) remember(hash [32]byte, signature [signatureLen]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= checkedMax/2 {
		c.old, c.young = c.young, map[[32]byte][signatureLen]byte{}
	}
	c.young[hash] = signature
}
