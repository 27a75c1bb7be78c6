"""Domains that tell of no company: those of mail services and internet providers, and sites where anybody has a page.

Two people with such an address, or with a page there, are not two of one account. The list is ours to keep; a source file
adds its own.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORLD = re.compile(
    r"(?:hotmail|outlook|live|msn|yahoo|ymail|rocketmail|gmx|aol|googlemail|gmail|windowslive|passport|icloud|"
    r"protonmail|proton|mail|email|inbox|zoho|yandex|tutanota|tuta|fastmail)\.(?:com?\.)?(?:com|net|org|me|[a-z]{2})"
)
"""Services that have the same name under the domains of many countries."""
_LIST = """
    me.com mac.com pm.me ya.ru hey.com hushmail.com tutamail.com tuta.io keemail.me mailbox.org posteo.de posteo.net posteo.se
    disroot.org riseup.net runbox.com runbox.no mailfence.com duck.com mozmail.com privaterelay.appleid.com
    telia.com telia.se comhem.se bredband.net bredband2.com bredband2.se tele2.se swipnet.se passagen.se spray.se
    glocalnet.net ownit.nu algonet.se bahnhof.se tiscali.se bostream.nu brevet.se boxer.se tyfon.se
    mailbox.swipnet.se utfors.se chello.se netatonce.net
    online.no broadpark.no getmail.no lyse.net frisurf.no c2i.net start.no altibox.no ebnett.no tele2.no
    bluezone.no chello.no nextgentel.com enivest.net loqal.no haugnett.no hesbynett.no
    tdcadsl.dk tdcspace.dk stofanet.dk webspeed.dk mail.tele.dk post.tele.dk post12.tele.dk get2net.dk jubii.dk
    ofir.dk sol.dk youmail.dk privat.dk email.dk adslhome.dk dlgtele.dk cool.dk fiberpost.dk
    elisanet.fi kolumbus.fi pp.inet.fi inet.fi saunalahti.fi suomi24.fi luukku.com welho.com dnainternet.net
    netti.fi phnet.fi
    simnet.is internet.is vortex.is islandia.is hive.is
    t-online.de web.de freenet.de arcor.de online.de vodafone.de vodafonemail.de kabelmail.de unitybox.de unity-mail.de
    1und1.de alice.de alice-dsl.net email.de gmx.de netcologne.de ewetel.net osnanet.de versanet.de
    aon.at chello.at a1.net utanet.at inode.at tele2.at kabsi.at liwest.at
    bluewin.ch hispeed.ch sunrise.ch swissonline.ch tiscalinet.ch gmx.ch
    orange.fr wanadoo.fr free.fr sfr.fr neuf.fr laposte.net bbox.fr numericable.fr club-internet.fr aliceadsl.fr cegetel.net
    ziggo.nl kpnmail.nl kpnplanet.nl planet.nl home.nl hetnet.nl xs4all.nl casema.nl chello.nl upcmail.nl tele2.nl
    quicknet.nl zonnet.nl solcon.nl caiway.nl
    telenet.be skynet.be proximus.be scarlet.be pandora.be voo.be belgacom.net base.be
    btinternet.com btopenworld.com virginmedia.com virgin.net ntlworld.com blueyonder.co.uk sky.com talktalk.net tiscali.co.uk
    plusnet.com plus.com tesco.net o2.co.uk eircom.net
    libero.it virgilio.it tin.it alice.it tiscali.it fastwebnet.it iol.it inwind.it poste.it
    terra.es telefonica.net ono.com movistar.es
    sapo.pt clix.pt netcabo.pt mail.pt
    wp.pl o2.pl onet.pl onet.eu op.pl interia.pl interia.eu poczta.fm poczta.onet.pl tlen.pl vp.pl gazeta.pl
    seznam.cz email.cz centrum.cz post.cz volny.cz azet.sk centrum.sk zoznam.sk post.sk
    hot.ee online.ee mail.ee inbox.lv one.lt delfi.lt takas.lt
    freemail.hu citromail.hu abv.bg otenet.gr mail.ru bk.ru list.ru inbox.ru rambler.ru ukr.net i.ua
    comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net juno.com
    rogers.com shaw.ca sympatico.ca telus.net bigpond.com optusnet.com.au xtra.co.nz
    qq.com 163.com 126.com sina.com naver.com hanmail.net rediffmail.com
    """
_NAMED = frozenset(_LIST.split())
_SITES = """
    facebook.com fb.com fb.me m.facebook.com instagram.com linkedin.com lnkd.in twitter.com x.com t.co youtube.com youtu.be tiktok.com
    pinterest.com snapchat.com threads.net vk.com xing.com reddit.com medium.com tumblr.com discord.com discord.gg t.me telegram.me
    wa.me whatsapp.com linktr.ee linkin.bio bio.link beacons.ai about.me carrd.co calendly.com cal.com typeform.com forms.gle
    google.com sites.google.com docs.google.com business.google.com maps.google.com goo.gl maps.app.goo.gl g.page g.co bing.com
    apple.com apps.apple.com play.google.com github.com gitlab.com bit.ly tinyurl.com yelp.com tripadvisor.com etsy.com ebay.com
    amazon.com airbnb.com booking.com wordpress.com blogger.com wix.com squarespace.com allabolag.se hitta.se eniro.se proff.no proff.se
    """
_PAGES = frozenset(_SITES.split())
_COUNTRY_PAGES = re.compile(
    r"(?:[a-z]{2}|[a-z]{2}-[a-z]{2})\.(?:linkedin|facebook|pinterest)\.com|(?:www\.)?google\.(?:com?\.)?[a-z]{2}"
)


def is_free_mail(domain: str, own: tuple[str, ...] = ()) -> bool:
    """Whether the domain (lower case) tells of no company. `own` are more of them."""
    return domain in _NAMED or domain in own or _WORLD.fullmatch(domain) is not None


@lru_cache(maxsize=1024)
def is_shared(domain: str, own: tuple[str, ...] = ()) -> bool:
    """Whether many have their page or their address there, so that it is nobody's own domain. `own` are more of them."""
    return is_free_mail(domain, own) or domain in _PAGES or _COUNTRY_PAGES.fullmatch(domain) is not None
