"""Prometheus metrics of a live pipeline, through prometheus-client."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from livefilter.errors import MissingPackageError, SinkError
from livefilter.pipeline.live._pipeline import LivePipeline

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_ADDRESS = "127.0.0.1"
"""Metrics about what a camera sees stay on this machine; a proxy can publish them elsewhere."""


class PrometheusExporter:
    """Serve the metrics of a live pipeline over HTTP on this machine. Use it in a ``with``.

    Args:
        live: The pipeline.
        port: Port on 127.0.0.1; 0 takes any free one.

    Attributes:
        port: Port that the server listens on.

    Raises:
        MissingPackageError: prometheus-client is not installed.
        SinkError: The server cannot listen on the port.
    """

    def __init__(self, live: LivePipeline, port: int) -> None:
        try:
            from prometheus_client import CollectorRegistry, start_http_server
        except ImportError as error:
            raise MissingPackageError("metrics need prometheus-client: pip install 'livefilter[live]'") from error
        registry = CollectorRegistry()
        registry.register(_Collector(live))
        try:
            self._server, self._thread = start_http_server(port, addr=_ADDRESS, registry=registry)
        except (OSError, OverflowError) as error:
            raise SinkError(f"metrics: cannot listen on {_ADDRESS}:{port}: {error}; choose another port") from error
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Collector:
    """Collects the current values when they are requested."""

    def __init__(self, live: LivePipeline) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        stats = self._live.stats.snapshot()
        yield CounterMetricFamily("livefilter_frames_in", "Frames from the source.", value=stats.frames_in)
        yield CounterMetricFamily("livefilter_frames_filtered", "Frames that were filtered.", value=stats.frames_out)
        dropped = CounterMetricFamily(
            "livefilter_frames_dropped", "Frames dropped, by the part that could not keep up.", labels=["where"]
        )
        for where, count in stats.dropped.items():
            dropped.add_metric([where], count)
        yield dropped
        yield CounterMetricFamily(
            "livefilter_timestamps_fixed", "Frame times that were corrected.", value=stats.timestamps_fixed
        )
        yield GaugeMetricFamily("livefilter_input_fps", "Frames that came in a second.", value=stats.fps_in)
        yield GaugeMetricFamily("livefilter_output_fps", "Frames that were filtered in a second.", value=stats.fps_out)
        for name, text, spreads in (
            ("livefilter_latency_seconds", "From capture until a sink has the frame, of ten seconds.", stats.latency),
            ("livefilter_stage_seconds", "How long a part works on a frame, of ten seconds.", stats.stages),
        ):
            family = GaugeMetricFamily(name, text, labels=["name", "quantile"])
            for of, spread in spreads.items():
                for quantile, value_ms in (("0.5", spread.p50_ms), ("0.95", spread.p95_ms), ("0.99", spread.p99_ms)):
                    family.add_metric([of, quantile], value_ms / 1000)
            yield family
        health = self._live.health
        if health is not None:
            is_up = health.state == "connected"
            yield GaugeMetricFamily("livefilter_source_up", "1 while the source gives new pictures.", value=is_up)
            events = CounterMetricFamily("livefilter_source_events", "What happened to the source.", labels=["reason"])
            for reason, count in health.counts.items():
                events.add_metric([reason], count)
            yield events
        score = self._live.loop.score
        if score is not None:
            family = GaugeMetricFamily("livefilter_score", "Edge scores of the newest frame.", labels=["name"])
            for of in ("horizontal", "vertical", "density"):
                family.add_metric([of], getattr(score, of))
            yield family
        zones = self._live.loop.zones
        if zones:
            text = "Edge scores of the newest frame's zones."
            family = GaugeMetricFamily("livefilter_zone_score", text, labels=["zone", "name"])
            for zone, zone_score in zones.items():
                for of in ("horizontal", "vertical", "density"):
                    family.add_metric([zone, of], getattr(zone_score, of))
            yield family
