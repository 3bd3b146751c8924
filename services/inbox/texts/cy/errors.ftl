# Tudalennau gwallau.
error-not-found = Heb ddod o hyd i'r dudalen
error-not-found-text = Nid oes tudalen o'r fath, neu nid yw i chi.
error-refused = Nid oedd modd gwneud hyn
error-refused-text = Roedd y ffurflen yn rhy hen neu ni ddaeth o'r wefan hon. Ewch yn ôl, llwythwch y dudalen eto, a rhowch gynnig arall arni.
error-bad-request = Ni ellir darllen hyn
error-bad-request-text = Ni lenwyd y ffurflen fel y dylai. Ewch yn ôl a rhowch gynnig arall arni.
error-failed = Aeth rhywbeth o'i le
error-failed-text = Nid eich bai chi yw hyn ac nid oes dim wedi'i golli. Rhowch gynnig arall arni ymhen munud. Mae'r hyn sy'n agos at ei amser yn mynd i'r awdurdod ohono'i hun.
error-busy = Gormod ar unwaith
error-busy-text = Rhowch gynnig arall arni ymhen munud.
