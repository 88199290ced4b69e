package setu

import (
	_ "filippo.io/age"
	_ "github.com/alecthomas/kong"
	_ "github.com/charmbracelet/bubbles/viewport"
	_ "github.com/charmbracelet/bubbletea"
	_ "github.com/charmbracelet/lipgloss"
	_ "github.com/fiorix/go-smpp/smpp/pdu"
	_ "github.com/goccy/go-yaml"
	_ "github.com/gofiber/fiber/v2"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/gowebpki/jcs"
	_ "github.com/mattn/go-sqlite3"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/rivo/uniseg"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "github.com/tidwall/btree"
	_ "golang.org/x/mod/sumdb/tlog"
	_ "golang.org/x/text/feature/plural"
	_ "golang.org/x/time/rate"
	_ "pgregory.net/rapid"
)
