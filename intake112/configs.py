"""What the settings say becomes the values that the bridge's parts take. Rooms never see settings."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from ami_bridge.bridge import BridgeConfig
from ami_bridge.control import ControlConfig
from ami_bridge.probe import ProbeConfig
from ami_bridge.reel import Limits
from ami_bridge.session import Pbx
from ami_bridge.threads import Line
from intake.shifts import ShiftRules
from intake112.settings import Settings
from routing.texting import Gateway


def bridge_config(settings: Settings) -> BridgeConfig:
    """Return what the bridge needs to know; `ami_host` must be set."""
    pbx = Pbx(
        name=settings.pbx,
        host=settings.ami_host or "",
        port=settings.ami_port,
        username=settings.ami_username or "",
        secret=settings.ami_secret.get_secret_value() if settings.ami_secret else "",
        cel_file=settings.cel_file,
        queue_log=settings.queue_log,
        trunks=settings.trunks,
    )
    return BridgeConfig(
        pbx=pbx,
        line=line_of(settings),
        tapes=settings.state_dir / "tapes" / settings.pbx,
        timezone=ZoneInfo(settings.timezone),
        public_url=settings.base_url,
        limits=Limits(max_bytes=settings.tape_max_mb << 20, keep=timedelta(days=settings.tape_days)),
    )


def control_config(settings: Settings) -> ControlConfig | None:
    """Return what the bridge's hand needs to know; None when the PBX has no user for it."""
    if not settings.control_username or settings.control_secret is None:
        return None
    secret = settings.control_secret.get_secret_value()
    pbx = replace(bridge_config(settings).pbx, username=settings.control_username, secret=secret)
    return ControlConfig(pbx, settings.line_queues, settings.desks)


def probe_config(settings: Settings) -> ProbeConfig | None:
    """Return how test calls are made; None when there are none."""
    if settings.test_number is None:
        return None
    return ProbeConfig(settings.pbx, settings.test_number, timedelta(minutes=settings.test_every_minutes))


def shift_rules(settings: Settings) -> ShiftRules:
    """Return at which telephones and queues people work, and what follows a call."""
    s = settings
    return ShiftRules(s.line_queues, s.desks, timedelta(seconds=s.wrap_up_s), s.wrap_up_pauses)


def line_of(settings: Settings) -> Line:
    """Return what belongs to the 112 line."""
    s = settings
    return Line(s.pbx, s.line_contexts, s.line_numbers, s.line_queues)


def sms_gateway(settings: Settings) -> Gateway | None:
    """Return where SMS are posted; None: nowhere."""
    if settings.sms_url is None:
        return None
    token = settings.sms_token.get_secret_value() if settings.sms_token else ""
    return Gateway(settings.sms_url.get_secret_value(), token, settings.sms_body, settings.sms_networks)
