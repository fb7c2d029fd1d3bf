package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// readTransactions gives the signed transactions of a file; they share its memory.
func readTransactions(file string) ([][]byte, error) {
	all, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var txs [][]byte
	for len(all) >= 4 {
		n := int(binary.BigEndian.Uint32(all))
		if n > len(all)-4 {
			return nil, errors.New("the file of transactions is cut short")
		}
		txs = append(txs, all[4:4+n])
		all = all[4+n:]
	}
	return txs, nil
}

// encodeCalls makes the bodies of the JSON-RPC calls before the clock starts: base64 costs the generator nothing later.
func encodeCalls(txs [][]byte, batch int) [][]byte {
	var calls [][]byte
	for start := 0; start < len(txs); start += batch {
		var b bytes.Buffer
		b.WriteByte('[')
		for i, tx := range txs[start:min(start+batch, len(txs))] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`{"jsonrpc":"2.0","id":0,"method":"broadcast_tx_async","params":{"tx":"`)
			b.WriteString(base64.StdEncoding.EncodeToString(tx))
			b.WriteString(`"}}`)
		}
		b.WriteByte(']')
		calls = append(calls, b.Bytes())
	}
	return calls
}

// measureVerify prints the microseconds of one check, with the verifier in use and with Go's own.
func measureVerify(file string) error {
	txs, err := readTransactions(file)
	if err != nil {
		return err
	}
	txs = txs[:min(len(txs), 4_000)]
	c := newChecker()
	started := time.Now()
	for _, tx := range txs {
		if err := c.check(tx); err != nil {
			return err
		}
	}
	cached := time.Since(started)
	started = time.Now()
	for _, tx := range txs {
		body := tx[4 : len(tx)-signatureLen]
		hash := sha256.Sum256(append(append([]byte{}, domain...), body...))
		if !ed25519.Verify(body[signerAt:bodyMin], hash[:], tx[len(tx)-signatureLen:]) {
			return errSignature
		}
	}
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(len(txs)) }
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{"cometbft": us(cached), "standard": us(time.Since(started))})
}

// refused sends a transaction whose signature does not fit and wants to hear so: the application really checks.
func (g *generator) refused(tx []byte) error {
	bad := bytes.Clone(tx)
	bad[len(bad)-signatureLen-1] ^= 1 // the last byte of the memo
	call := `{"jsonrpc":"2.0","id":0,"method":"broadcast_tx_sync","params":{"tx":"` + base64.StdEncoding.EncodeToString(bad) + `"}}`
	answer, err := g.post(0, []byte(call))
	if err != nil {
		return err
	}
	if !bytes.Contains(answer, []byte(errSignature.Error())) {
		return fmt.Errorf("a bad signature was not refused: %s", answer)
	}
	return nil
}
