//! Names to draw from: Welsh, English, and those of families who came from elsewhere.

use std::borrow::Cow;

use super::random::Random;

/// Which names a family draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Culture {
    Welsh,
    English,
    Wider,
}

const WELSH_GIRLS: [&str; 32] = [
    "Alys",
    "Angharad",
    "Anest",
    "Beca",
    "Betsan",
    "Branwen",
    "Cadi",
    "Carys",
    "Catrin",
    "Celyn",
    "Cerys",
    "Efa",
    "Eira",
    "Elin",
    "Eluned",
    "Ffion",
    "Gwen",
    "Gwenllian",
    "Heledd",
    "Lleucu",
    "Lowri",
    "Mabli",
    "Mared",
    "Megan",
    "Nansi",
    "Nia",
    "Non",
    "Rhian",
    "Siân",
    "Siwan",
    "Tegan",
    "Tesni",
];
const WELSH_BOYS: [&str; 32] = [
    "Aled", "Aneurin", "Cai", "Caradog", "Dafydd", "Deio", "Dylan", "Efan", "Elis", "Emyr",
    "Gethin", "Griff", "Guto", "Gwilym", "Huw", "Idris", "Ieuan", "Ifan", "Ioan", "Iwan", "Jac",
    "Llew", "Llŷr", "Macsen", "Math", "Meurig", "Osian", "Rhodri", "Siôn", "Steffan", "Tomos",
    "Ynyr",
];
const ENGLISH_GIRLS: [&str; 20] = [
    "Amelia",
    "Ava",
    "Chloe",
    "Daisy",
    "Ella",
    "Evie",
    "Freya",
    "Grace",
    "Holly",
    "Isla",
    "Jessica",
    "Kayleigh",
    "Lily",
    "Maisie",
    "Olivia",
    "Poppy",
    "Ruby",
    "Scarlett",
    "Sophie",
    "Zoe\u{308}",
];
const ENGLISH_BOYS: [&str; 20] = [
    "Alfie", "Archie", "Ben", "Callum", "Charlie", "Connor", "Daniel", "Ethan", "Freddie",
    "George", "Harry", "Jack", "Jake", "Liam", "Logan", "Mason", "Noah", "Oliver", "Riley", "Theo",
];
const WIDER_GIRLS: [&str; 20] = [
    "Aaliyah", "Amina", "Aoife", "Chioma", "Fatima", "Hodan", "Inés", "Jadwiga", "Khadija",
    "Łucja", "Mei", "Nazia", "Órla", "Priya", "Sanaa", "Thảo", "Xiu", "Yasmin", "Zainab", "Žofie",
];
const WIDER_BOYS: [&str; 20] = [
    "Abdi", "Arjun", "Ayaan", "Bartosz", "Chidi", "Dawid", "Émile", "Hamza", "Ibrahim", "João",
    "Kofi", "Luka", "Minh", "Mohammed", "Omar", "Piotr", "Rohan", "Søren", "Tariq", "Yusuf",
];
const WELSH_FAMILIES: [&str; 32] = [
    "ab Owain",
    "ap Dafydd",
    "Beynon",
    "Bevan",
    "Davies",
    "Edwards",
    "Ellis",
    "Evans",
    "Griffiths",
    "Gruffydd",
    "Gwyn",
    "Harries",
    "Howells",
    "Hughes",
    "James",
    "Jenkins",
    "Jones",
    "Lewis",
    "Llewellyn",
    "Lloyd",
    "Meredith",
    "Morgan",
    "Morris",
    "Owen",
    "Parry",
    "Powell",
    "Price",
    "Pritchard",
    "Pugh",
    "Rees",
    "Thomas",
    "Williams",
];
const ENGLISH_FAMILIES: [&str; 20] = [
    "Archer", "Baker", "Brown", "Clarke", "Cooper", "Fletcher", "Grey", "Hall", "Knight", "Marsh",
    "Mason", "Mitchell", "Parker", "Reed", "Shaw", "Smith", "Taylor", "Turner", "Ward", "Wood",
];
const WIDER_FAMILIES: [&str; 24] = [
    "Abdi",
    "Ahmed",
    "Al-Hassan",
    "Begum",
    "Chen",
    "da Silva",
    "D'Souza",
    "Fernandes",
    "Hussain",
    "Kaur",
    "Khan",
    "Kowalski",
    "Li",
    "Mensah",
    "Ní Bhriain",
    "Nguyễn",
    "Novák",
    "O'Connor",
    "O\u{2019}Brien",
    "Okafor",
    "Patel",
    "Popescu",
    "van der Berg",
    "Żukowska",
];

/// Given names for a child or an adult; one in four has a second one.
pub(super) fn given(random: &mut Random, culture: Culture, female: bool) -> Cow<'static, str> {
    let list: &[&'static str] = match (culture, female) {
        (Culture::Welsh, true) => &WELSH_GIRLS,
        (Culture::Welsh, false) => &WELSH_BOYS,
        (Culture::English, true) => &ENGLISH_GIRLS,
        (Culture::English, false) => &ENGLISH_BOYS,
        (Culture::Wider, true) => &WIDER_GIRLS,
        (Culture::Wider, false) => &WIDER_BOYS,
    };
    let first = random.word(list);
    let second = random.word(list);
    if random.chance(250) && first != second {
        Cow::Owned(format!("{first} {second}"))
    } else {
        Cow::Borrowed(first)
    }
}

/// A family name; one in fourteen is double-barrelled.
pub(super) fn family(random: &mut Random, culture: Culture) -> Cow<'static, str> {
    let list: &[&'static str] = match culture {
        Culture::Welsh => &WELSH_FAMILIES,
        Culture::English => &ENGLISH_FAMILIES,
        Culture::Wider => &WIDER_FAMILIES,
    };
    let first = random.word(list);
    let second = random.word(&ENGLISH_FAMILIES);
    if random.chance(70) && first != second {
        Cow::Owned(format!("{first}-{second}"))
    } else {
        Cow::Borrowed(first)
    }
}

/// The letters of a name that a mailbox or an id may hold.
pub(super) fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    lower
        .chars()
        .filter_map(|letter| match letter {
            'a'..='z' => Some(letter),
            'â' | 'á' | 'ã' | 'ả' => Some('a'),
            'ê' | 'é' | 'ë' | 'ễ' => Some('e'),
            'î' | 'ï' | 'í' => Some('i'),
            'ô' | 'ó' | 'ø' => Some('o'),
            'ŵ' => Some('w'),
            'ŷ' => Some('y'),
            'ł' => Some('l'),
            'ż' | 'ž' => Some('z'),
            ' ' | '-' => Some('-'),
            _ => None,
        })
        .collect()
}

const FIRST_PARTS: [&str; 20] = [
    "Bryn", "Cwm", "Llan", "Pen", "Pont", "Tre", "Maes", "Coed", "Aber", "Nant", "Glan", "Rhyd",
    "Cefn", "Gwaun", "Blaen", "Ynys", "Caer", "Craig", "Dyffryn", "Bro",
];
const SECOND_PARTS: [&str; 20] = [
    "alarch",
    "meillion",
    "rhosyn",
    "wennol",
    "eithin",
    "onnen",
    "gelynnen",
    "fedwen",
    "-y-dryw",
    "-y-barcud",
    "-y-llwynog",
    "-y-dwrgi",
    "-y-gof",
    "-y-melinydd",
    "-yr-eos",
    "-yr-ewig",
    "heulwen",
    "enfys",
    "cwmwl",
    "seren",
];

/// How many places an authority can have.
pub(super) const PLACES: u32 = 400;

/// The place with this number, from 0; another number is another place.
pub(super) fn place(number: u32) -> String {
    // 20 and 20 parts: step through pairs so that neighbours differ in both.
    let (first, second) = (number % 20, (number / 20 + number * 7) % 20);
    let part = |parts: &[&'static str], at: u32| {
        usize::try_from(at).ok().and_then(|at| parts.get(at)).copied().unwrap_or_default()
    };
    format!("{}{}", part(&FIRST_PARTS, first), part(&SECOND_PARTS, second))
}

const STREETS: [&str; 24] = [
    "Heol yr Eglwys",
    "Stryd y Bont",
    "Maes y Deri",
    "Ffordd y Mynydd",
    "Lôn y Felin",
    "Rhodfa'r Parc",
    "Clos y Wennol",
    "Tan y Graig",
    "Cae Glas",
    "Heol Las",
    "Bryn Awel",
    "Min y Nant",
    "Station Road",
    "Chapel Street",
    "High Street",
    "Park View",
    "Queen Street",
    "Railway Terrace",
    "Oak Drive",
    "Church Lane",
    "Harbour Row",
    "Mill Lane",
    "Colliery Road",
    "Quarry Close",
];

/// First line of an address.
pub(super) fn street(random: &mut Random) -> String {
    let number = random.between(1, 180);
    let street = random.word(&STREETS);
    if random.chance(120) {
        format!("Flat {}, {number} {street}", random.between(1, 24))
    } else {
        format!("{number} {street}")
    }
}
