// The peer of the bench: CometBFT with an application that checks the same signatures, and a generator of its load.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("peer init|node|load|verify [flags]")
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	dir := f.String("dir", "", "folder of the network")
	port := f.Int("port", 0, "the first of eight ports")
	index := f.Int("index", 0, "which node")
	gossip := f.Bool("gossip", true, "nodes pass transactions on to each other")
	unsigned := f.Bool("unsigned", false, "leave out the signatures")
	var o loadOptions
	f.StringVar(&o.file, "file", "", "transactions: u32 length and bytes of each")
	f.IntVar(&o.skip, "skip", 0, "transactions of the file that an earlier run had")
	f.IntVar(&o.count, "count", 0, "transactions of the file that this run has")
	f.IntVar(&o.rate, "rate", 0, "offered each second; 0: as many as keep the window full")
	f.IntVar(&o.window, "window", 20_000, "transactions on their way when no rate is given")
	f.IntVar(&o.batch, "batch", 200, "transactions in a call")
	f.IntVar(&o.connections, "connections", 8, "connections")
	f.IntVar(&o.warm, "warm", 5, "seconds before the measurement")
	f.IntVar(&o.seconds, "seconds", 30, "seconds of the measurement")
	f.BoolVar(&o.everywhere, "everywhere", false, "send each transaction to every node")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	o.port = *port
	switch args[0] {
	case "init":
		return initialise(*dir, *port)
	case "node":
		return runNode(*dir, *index, *port, *gossip, *unsigned)
	case "load":
		return load(o)
	case "verify":
		return measureVerify(o.file)
	}
	return fmt.Errorf("there is no command %s", args[0])
}
