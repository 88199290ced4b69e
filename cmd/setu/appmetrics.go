package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"setu/mobileapi"
)

// appCollector reads the counts of the mobile API.
type appCollector struct {
	app                              *mobileapi.API
	requests, problems, faults, live *prometheus.Desc
}

func newAppCollector(app *mobileapi.API) *appCollector {
	return &appCollector{
		app: app,
		requests: prometheus.NewDesc("setu_app_requests_total",
			"Answers of the mobile API by operation and status: POST /v1/otp with 202 are one-time passwords sent, POST /v1/devices with 201 phones that logged in, GET /v1/live with 101 live connections.",
			[]string{"operation", "status"}, nil),
		problems: prometheus.NewDesc("setu_app_problems_total",
			"Requests that were refused, by the problem's code: otp-limit, otp-wrong, signature-invalid, signature-replayed and others.",
			[]string{"code"}, nil),
		faults: prometheus.NewDesc("setu_app_faults_total", "Requests that failed by a fault of the gateway's; the log tells of each.", nil, nil),
		live:   prometheus.NewDesc("setu_app_live", "Live connections, and requests that wait for changes.", nil, nil),
	}
}

// Describe names the metrics.
func (c *appCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.requests, c.problems, c.faults, c.live} {
		ch <- d
	}
}

// Collect reads the counts.
func (c *appCollector) Collect(ch chan<- prometheus.Metric) {
	counts := c.app.Counts()
	counts.Requests(func(operation string, status int, n int64) {
		ch <- prometheus.MustNewConstMetric(c.requests, prometheus.CounterValue, float64(n), operation, strconv.Itoa(status))
	})
	counts.Problems(func(code string, n int64) {
		ch <- prometheus.MustNewConstMetric(c.problems, prometheus.CounterValue, float64(n), code)
	})
	ch <- prometheus.MustNewConstMetric(c.faults, prometheus.CounterValue, float64(counts.Faults.Load()))
	ch <- prometheus.MustNewConstMetric(c.live, prometheus.GaugeValue, float64(c.app.Live()))
}
