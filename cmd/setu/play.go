package main

import (
	"context"
	"io"

	"setu/gateway/catalogue"
)

func playAll(context.Context, Config, *catalogue.Catalogue, io.Writer) (played, failed int, err error) {
	return 0, 0, nil
}
