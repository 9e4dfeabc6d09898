"""Words and passwords that are frequent in leaked password lists, in lower case."""

from typing import Final

COMMON_WORDS: Final = frozenset(
    """
    password passwort passwords passwd pass word login logon admin administrator root user guest test tester
    testing secret secure security access changeme change default welcome hello letmein enter private public
    master system server manager office company business account internet computer windows google facebook
    microsoft apple samsung iphone android youtube twitter instagram linkedin netflix amazon yahoo hotmail
    gmail qwerty qwertz azerty asdf zxcv iloveyou loveyou love lover lovely baby angel princess sunshine
    flower butterfly rainbow heaven blessed jesus christ family forever friend friends happy lucky magic
    monkey dragon tiger lion eagle falcon wolf bear shark panther horse donkey kitty chicken puppy buster
    football baseball basketball soccer hockey golf tennis softball volleyball cowboys yankees lakers
    steelers packers raiders patriots eagles chelsea liverpool arsenal barcelona ranger rangers superman
    batman spiderman ironman pokemon starwars matrix naruto ninja pirate soldier warrior hunter killer
    shadow phoenix thunder lightning diamond silver golden purple orange yellow green blue red black white
    pink brown chocolate cookie cheese pepper ginger banana coffee pizza summer winter spring autumn fall
    january february march april may june july august september october november december monday tuesday
    wednesday thursday friday saturday sunday today tomorrow morning night michael michelle jennifer jessica
    ashley amanda matthew joshua andrew daniel david robert thomas jordan anthony william richard charlie
    charles george jackson justin hannah nicole samantha maggie taylor harley mustang corvette camaro
    porsche ferrari mercedes bmw audi toyota honda nissan ford chevy chevrolet dodge jeep tesla hyundai
    cadillac truck cars auto automotive motor motors vehicle dealer dealership dealers deal deals architect
    dealarchitect sales salesperson seller finance lender credit customer desk store showroom inventory team
    work america american usa texas florida california ohio newyork chicago boston dallas london paris
    berlin correct battery staple trustno whatever nothing something anything everything please thanks abcd
    money power freedom peace star super mega ultra best good great cool hot sexy fuck fucking fuckyou shit
    bitch asshole pussy one two three four five six seven eight nine ten zero new old my the and for you
    your mine our not its this that with from
    """.split()  # noqa: SIM905 - a list of hundreds of words in quotes is harder to read and to keep
    + [str(year) for year in range(1950, 2050)]
)

COMMON_PASSWORDS: Final = frozenset(
    """
    correcthorsebatterystaple passwordpassword password1234 password12345 password123456 adminadminadmin
    administrator1 administrator123 qwertyuiop123 qwertyuiop1234 qwerty123456 qwerty1234567 qwertyqwerty
    1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qazxsw23edc zaq12wsxcde3 q1w2e3r4t5y6 q1w2e3r4t5y6u7i8
    1a2b3c4d5e6f a1b2c3d4e5f6 a1s2d3f4g5h6 asdfghjkl123 asdfjkl12345 zxcvbnm12345 123456789abc abc123456789
    123qweasdzxc qweasdzxc123 qazwsxedcrfv qazwsxedc123 123qwe123qwe 123abc123abc abcd12345678 aa12345678910
    iloveyou1234 iloveyou12345 iloveyouforever ilovejesus123 letmein12345 letmeinplease letmeinnow123
    welcome12345 welcome123456 changeme1234 changemenow123 trustno1trustno1 thisismypassword mypassword123
    mypassword1234 newpassword123 newpassword1234 notmypassword nopassword1234 p4ssw0rdp4ssw0rd
    superman12345 sunshine12345 princess12345 football12345 baseball12345 basketball12 michaeljordan
    michaeljackson manchesterunited liverpoolfc12 chelseafc1234 leavemealone whatthefuck1 whatsupdoc123
    justinbieber onedirection1 spongebob1234 harrypotter1 harrypotter123 gameofthrones startrek12345
    maytheforcebewithyou starwars12345 opensesame123 openthedoor12 lovelovelove1 happybirthday jesuschrist1
    godisgood1234 jesusislord12 toyota123456 mustang12345 corvette1234 chevrolet1234 harleydavidson
    christopher1 alexander1234 samantha12345 elizabeth1234 jennifer12345 0123456789ab 112233445566
    121212121212 123123123123 123321123321 147258369147 159753456852 741852963741 789456123789 987654321012
    102030405060 010203040506 314159265358 271828182845
    """.split()  # noqa: SIM905 - as above
)
