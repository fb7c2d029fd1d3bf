package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type loadOptions struct {
	file                            string
	port, skip, count, rate, window int
	batch, connections              int
	warm, seconds                   int
	everywhere                      bool
}

type generator struct {
	loadOptions
	client *http.Client
	calls  [][]byte
	next   atomic.Int64 // of calls
	full   atomic.Int64 // refused because the mempool was full
	other  atomic.Int64 // refused for another reason
	final  atomic.Int64
	height atomic.Int64
	first  int64 // final before the run
	since  time.Time
	blocks span
}

// span goes from one block to a later one: blocks may be seconds apart, and a rate between two other moments would be off by a block.
type span struct {
	sync.Mutex
	open                 bool
	fromFinal, toFinal   int64
	fromHeight, toHeight int64
	fromTime, toTime     time.Time
}

func (s *span) saw(height, final int64) {
	s.Lock()
	defer s.Unlock()
	if !s.open || height == s.toHeight {
		return
	}
	s.toFinal, s.toHeight, s.toTime = final, height, time.Now()
	if s.fromHeight == 0 {
		s.fromFinal, s.fromHeight, s.fromTime = s.toFinal, s.toHeight, s.toTime
	}
}

func (s *span) set(open bool) {
	s.Lock()
	defer s.Unlock()
	s.open = open
}

type reading struct{ final, sent int64 }

// load sends, and prints {"measuring":true} when the warm-up is over and the figures at the end, one JSON line each.
func load(o loadOptions) error {
	txs, err := readTransactions(o.file)
	if err != nil {
		return err
	}
	if o.skip+o.count > len(txs) {
		return fmt.Errorf("the file has only %d transactions", len(txs))
	}
	txs = txs[o.skip : o.skip+o.count]
	transport := &http.Transport{MaxIdleConnsPerHost: o.connections, MaxConnsPerHost: o.connections, DisableCompression: true}
	g := &generator{loadOptions: o, client: &http.Client{Transport: transport, Timeout: 20 * time.Second}, calls: encodeCalls(txs, o.batch)}
	if err := g.refused(txs[0]); err != nil {
		return err
	}
	if err := g.poll(); err != nil {
		return err
	}
	go func() { // whoever started it is gone
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	g.first = g.final.Load()
	g.since = time.Now()
	stop := make(chan struct{})
	var workers sync.WaitGroup
	for w := range o.connections {
		workers.Add(1)
		go func() {
			defer workers.Done()
			g.work(w, stop)
		}()
	}
	workers.Add(1)
	go func() {
		defer workers.Done()
		g.watch(stop)
	}()
	encoder := json.NewEncoder(os.Stdout)
	time.Sleep(time.Duration(o.warm) * time.Second)
	_ = encoder.Encode(map[string]bool{"measuring": true})
	cpu, first := cpuUs(), g.now()
	g.blocks.set(true)
	last := first
	took := 0
	for tick := time.NewTicker(time.Second); took < o.seconds; took++ {
		<-tick.C
		if int(g.next.Load()) >= len(g.calls) { // nothing left to send: this second is not a full one
			break
		}
		last = g.now()
	}
	g.blocks.set(false)
	used := cpuUs() - cpu
	close(stop)
	workers.Wait()
	b := &g.blocks
	return encoder.Encode(map[string]any{
		"seconds": took, "sent": last.sent - first.sent, "final": last.final - first.final, "cpuUs": used,
		"blocks": b.toHeight - b.fromHeight, "inBlocks": b.toFinal - b.fromFinal, "blockSeconds": b.toTime.Sub(b.fromTime).Seconds(),
		"full": g.full.Load(), "other": g.other.Load(),
	})
}

func (g *generator) now() reading {
	return reading{g.final.Load(), g.next.Load() * int64(g.batch)}
}

// work sends one call after the other over one connection, to one node.
func (g *generator) work(w int, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if !g.due() {
			time.Sleep(500 * time.Microsecond)
			continue
		}
		i := int(g.next.Add(1)) - 1
		if i >= len(g.calls) {
			return
		}
		g.send(w%nodes, g.calls[i], true)
		if g.everywhere {
			for n := 1; n < nodes; n++ {
				g.send((w+n)%nodes, g.calls[i], false)
			}
		}
	}
}

// due says whether the next call may go: by the clock when a rate is given, else while the window has room.
func (g *generator) due() bool {
	sent := g.next.Load() * int64(g.batch)
	if g.rate > 0 {
		return float64(sent) < time.Since(g.since).Seconds()*float64(g.rate)
	}
	refused := g.full.Load() + g.other.Load()
	return sent-refused-(g.final.Load()-g.first) < int64(g.window)
}

func (g *generator) send(node int, call []byte, counts bool) {
	answer, err := g.post(node, call)
	if !counts {
		return
	}
	if err != nil {
		g.other.Add(int64(g.batch))
		return
	}
	refused := int64(bytes.Count(answer, []byte(`"error"`)))
	full := int64(bytes.Count(answer, []byte("mempool is full")))
	g.full.Add(full)
	g.other.Add(refused - full)
}

func (g *generator) post(node int, body []byte) ([]byte, error) {
	r, err := g.client.Post(fmt.Sprintf("http://127.0.0.1:%d/", g.port+2*node+1), "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// watch asks the first node what is final.
func (g *generator) watch(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(10 * time.Millisecond):
			_ = g.poll()
		}
	}
}

func (g *generator) poll() error {
	answer, err := g.post(0, []byte(`{"jsonrpc":"2.0","id":0,"method":"abci_query","params":{"path":"","data":"","height":"0","prove":false}}`))
	if err != nil {
		return err
	}
	var r struct {
		Result struct{ Response struct{ Value []byte } }
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		return err
	}
	var height, final int64
	if _, err := fmt.Sscan(string(r.Result.Response.Value), &height, &final); err != nil {
		return fmt.Errorf("the node answered %s", answer)
	}
	g.blocks.saw(height, final)
	g.height.Store(height)
	g.final.Store(final)
	return nil
}

func cpuUs() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano()/1e3 + r.Stime.Nano()/1e3
}
